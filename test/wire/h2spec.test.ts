import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http2";
import { type TestContext, test } from "node:test";
import { startServer } from "../../src/runrpc/server/server.ts";
import { createTestService } from "./interop/service.ts";
import { h2spec, runTool } from "./tools.ts";

const { path, skip } = h2spec();

/** What h2spec finds broken on a port, by the title of each case, and how many cases pass. */
async function judge(
  port: number,
): Promise<{ readonly passed: number; readonly failed: ReadonlySet<string> }> {
  const { stdout } = await runTool(path, "--host", "127.0.0.1", "--port", `${port}`);
  const passed = Number(/(\d+) tests, (\d+) passed/.exec(stdout)?.[2]);
  assert.ok(passed > 100, stdout);
  return { passed, failed: new Set(Array.from(stdout.matchAll(/× (.+)$/gm), (found) => found[1] ?? "")) };
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

test("h2spec finds nothing broken that is not broken in node:http2 alone", { skip }, async (t) => {
  const server = await startServer({
    services: [createTestService()],
    keys: "open",
    server: { host: "127.0.0.1", port: 0 },
  });
  t.after(() => server.drain());
  const [ours, alone] = await Promise.all([judge(server.port), bare(t).then(judge)]);
  assert.deepEqual(
    [...ours.failed].filter((title) => !alone.failed.has(title)),
    [],
  );
  assert.ok(ours.passed >= alone.passed, `${ours.passed} pass, ${alone.passed} in node:http2 alone`);
});
