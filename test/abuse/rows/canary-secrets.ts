import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { runCommand } from "../../runrpc/cli/run-command.ts";
import { rowsOf } from "../../wire/app.ts";
import { noMemory } from "../../wire/memory.ts";
import { type Answer, createClient } from "../post.ts";
import { goodRequests } from "../requests.ts";
import type { Row } from "../row.ts";
import { canCarry, encode, postOf, wires } from "../wires.ts";

/** What stands in bodies and must stand nowhere else. */
const BODY = "canary-in-a-body";
/** A secret that is near a good key, as of somebody who mistyped it. */
const SECRET = "CanarySecretCanarySecretCanarySecretCanarySe";

/** A key and a body's text appear in no log line, record, error, configuration or title of the process. */
export const canarySecrets: Row = {
  name: "canary secrets",
  lanesAtOnce: true,
  async attack(arena) {
    for (const format of arena.some(["json", "pretty"] as const, 1)) {
      const server = await arena.serve({
        flags: ["--debug", "--log-level", "trace", "--log-format", format],
        witnessMs: false,
      });
      const secret = server.key.slice(12);
      const wrong = `${server.key.slice(0, 12)}${SECRET.slice(0, 43)}`;
      const answers: Answer[] = [];
      for (let round = 0; round < arena.rounds(5, 1); round++) {
        for (const wire of arena.some(wires, 3)) {
          const client = createClient(server.port, wire.version);
          for (const { method, json } of goodRequests.filter((each) => canCarry(wire, each.method))) {
            await arena.attempt(`${method.name}, ${wire.title}`, async () => {
              const good = encode(wire, method, withCanary(json));
              const broken = Buffer.concat([good.subarray(0, -1), Buffer.from([0xff, 0x7b])]);
              for (const key of [server.key, wrong, `${wrong} ${wrong}`, SECRET]) {
                answers.push(await client.post(postOf(wire, method, [good], { "x-api-key": key })));
                answers.push(
                  await client.post(postOf(wire, method, [broken], { authorization: `Bearer ${key}` })),
                );
              }
            });
          }
          client.close();
        }
      }
      const titles = noMemory ? "" : await readFile(`/proc/${server.child.pid}/cmdline`, "utf8");
      const config = await runCommand(["config", "--database", server.file], { env: { RUNRPC_LOG: "all" } });
      await arena.attempt("it drains", async () => assert.equal(await server.stop(), 0));
      const records = JSON.stringify(rowsOf(server.file, "SELECT * FROM request_log"));
      const errors = answers.filter(({ code }) => code !== "ok");
      const places = {
        "the log": server.log(), // without the start, which shows the key once
        "the records": records,
        "an error": errors.map(({ body, message }) => body.toString() + message).join("\n"),
        "the configuration": config.stdout + config.stderr,
        "the title": titles,
      };
      for (const [place, text] of Object.entries(places)) {
        for (const canary of [secret, SECRET.slice(0, 20), BODY]) {
          await arena.attempt(`${place}, ${format}`, () => {
            const at = text.indexOf(canary);
            assert.equal(at, -1, `…${text.slice(Math.max(0, at - 150), at + 60)}`);
          });
        }
      }
    }
  },
};

/** The same request, with the canary where a text is free. */
function withCanary(json: unknown) {
  return JSON.parse(
    JSON.stringify(json)
      .replace(/"(message|text|displayName)":"[^"]*"/, `"$1":"${BODY}"`)
      .replace('"c":null', `"c":"${BODY}"`),
  );
}
