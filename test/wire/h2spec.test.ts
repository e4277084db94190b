import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http2";
import { type TestContext, test } from "node:test";
import { startServer } from "../../src/runrpc/server/server.ts";
import { createTestService } from "./interop/service.ts";
import { h2spec, runTool } from "./tools.ts";

const { path, skip } = h2spec();

/** Each case waits for an answer by the clock, and one that is late once is not broken. */
const TRIES = 3;

/** What h2spec finds broken on a port, by the title of the case. */
async function judge(port: number, ...flags: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await runTool(path, "--host", "127.0.0.1", "--port", `${port}`, ...flags);
  const passed = Number(/(\d+) tests, (\d+) passed/.exec(stdout)?.[2]);
  assert.ok(passed > 100, stdout);
  return Array.from(stdout.matchAll(/× (.+)$/gm), ([, title = ""]) => title);
}

/** What h2spec finds broken each time that it looks, and not in something else. */
async function brokenOn(port: number, known: readonly string[], ...flags: readonly string[]) {
  let broken = (await judge(port, ...flags)).filter((title) => !known.includes(title));
  for (let tries = 1; tries < TRIES && broken.length > 0; tries++) {
    const again = await judge(port, ...flags);
    broken = broken.filter((title) => again.includes(title));
  }
  return broken;
}

async function serve(t: TestContext, http2: "own" | "node"): Promise<number> {
  const server = await startServer({
    services: [createTestService()],
    keys: "open",
    server: { host: "127.0.0.1", port: 0, http2 },
  });
  t.after(() => server.drain());
  return server.port;
}

/** node:http2 with nothing around it. */
async function bare(t: TestContext): Promise<number> {
  const server = createServer((_request, response) => response.end("ok"));
  server.on("sessionError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : assert.fail();
}

test("h2spec, strict, finds nothing broken", { skip }, async (t) => {
  assert.deepEqual(await brokenOn(await serve(t, "own"), [], "--strict"), []);
});

test("over node:http2 h2spec finds nothing broken that is not broken in it alone", { skip }, async (t) => {
  const alone = await judge(await bare(t));
  assert.deepEqual(await brokenOn(await serve(t, "node"), alone), []);
});
