import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { connect } from "../../../src/runrpc/client.ts";
import { cloneTree } from "../../clone.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";

/** A clone's `npm run dev` in debug mode, which has threads of its own, and what it prints. */
function startDev(folder: string) {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...rest } = process.env;
  const env = { ...rest, RUNRPC_HOST: "127.0.0.1", RUNRPC_PORT: "0" };
  const npm = spawn("npm", ["run", "dev", "--", "--debug"], { cwd: folder, env, detached: true });
  let output = "";
  let look = (): void => {};
  for (const stream of [npm.stdout, npm.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      look();
    });
  const ended = once(npm, "close");
  return {
    /** What a pattern finds when it matches for the nth time. */
    async find(pattern: RegExp, nth: number): Promise<string> {
      const over = ended.then(() => assert.fail(`it ended: ${output}`));
      const found = new Promise<string>((resolve) => {
        look = () => {
          const [, text] = [...output.matchAll(pattern)][nth - 1] ?? [];
          if (text !== undefined) resolve(text);
        };
        look();
      });
      return await Promise.race([found, over]);
    },
    /** Ends it, and gives all that it has printed. */
    async stop(): Promise<string> {
      if (npm.pid !== undefined && npm.exitCode === null) process.kill(-npm.pid, "SIGTERM");
      await ended;
      return output;
    },
  };
}

const main = `
import { defineApp, threaded } from "runrpc";
import { UserService } from "../test/gen/rig/users/v1/users_pb.ts";

export default defineApp({
  services: () => [threaded(UserService, new URL("./handlers.ts", import.meta.url), { threads: 1 })],
});
`;

const handlersThatSay = (word: string): string => `
export const listUsers = () => ({ nextPageToken: "${word}" });
export const [createUser, getUser, updateUser, streamUsers] = Array(4).fill(listUsers);
`;

it("npm run dev: a changed module of handlers in threads is what is served next", async (t) => {
  const folder = cloneTree();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "src/handlers.ts");
  writeFileSync(join(folder, "src/main.ts"), main);
  writeFileSync(file, handlersThatSay("before"));
  const dev = startDev(folder);
  t.after(() => dev.stop());
  const key = await dev.find(/\b(rr_[\w-]{20,})/g, 1);
  const saidAt = async (url: string): Promise<string> => {
    using client = connect(url, UserService, { key });
    return (await client.listUsers({})).nextPageToken;
  };
  assert.equal(await saidAt(await dev.find(/listens on (\S+)\n/g, 1)), "before");
  writeFileSync(file, handlersThatSay("after"));
  assert.equal(await saidAt(await dev.find(/listens on (\S+)\n/g, 2)), "after");
  assert.doesNotMatch(await dev.stop(), /"finding":"watchdog"|the watchdog failed/);
});
