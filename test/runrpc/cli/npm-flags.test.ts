import assert from "node:assert/strict";
import { it } from "node:test";
import { refuseFlagsOfNpm } from "../../../src/runrpc/cli/npm-flags.ts";
import { runCommand } from "./run-command.ts";

for (const [script, kept, shown] of [
  ["start", { npm_config_port: "8080" }, "npm start -- --port 8080"],
  ["start", { npm_config_port: "true" }, "npm start -- --port …"],
  ["dev", { npm_config_log_format: "json" }, "npm run dev -- --log-format json"],
  ["start", { npm_config_reflection: "" }, "npm start -- --no-reflection"],
  ["start", { npm_config_debug: "true" }, "npm start -- --debug"],
  [
    "start",
    { npm_config_database: "a.sqlite", npm_config_port: "1" },
    "npm start -- --port 1 --database a.sqlite",
  ],
] as const)
  it(`${Object.keys(kept).join(" and ")} kept by npm: \`${shown}\` is what to type`, () => {
    const env = { npm_lifecycle_event: script, ...kept };
    assert.throws(
      () => refuseFlagsOfNpm(env),
      (error: unknown) => {
        assert.ok(error instanceof Error && error.message.endsWith(`: ${shown}`), String(error));
        return true;
      },
    );
  });

it("what npm has of its own, and a value of npm's without npm, stop nothing", () => {
  refuseFlagsOfNpm({ npm_lifecycle_event: "start", npm_config_loglevel: "silent", npm_config_cache: "/a" });
  refuseFlagsOfNpm({ npm_config_port: "8080" });
});

it("a server that npm starts without its flags does not start, and ends with 2", async () => {
  const env = { npm_lifecycle_event: "start", npm_config_port: "true" };
  const { code, stdout, stderr } = await runCommand(["serve", "8080"], { env });
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^error: npm keeps --port for itself: .*npm start -- --port …\n$/);
});

it("what is no option is refused", async () => {
  const { code, stderr } = await runCommand(["serve", "8080"], {});
  assert.deepEqual([code, stderr], [2, "error: serve takes options alone, and no 8080\n"]);
});
