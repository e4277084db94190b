// h2load and ghz against our own HTTP/2: programs that load it as hard as they can have every call answered.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { envelope } from "./envelope.ts";
import { startWireServer, type WireServer } from "./foreign/service.ts";
import { makeFolder } from "./process.ts";
import { ghz, h2load, runTool } from "./tools.ts";

const CALLS = 20_000;
const proto = join(import.meta.dirname, "../proto");

let server: WireServer;
before(async () => {
  server = await startWireServer({ http2: "own" });
});
after(() => server.close());

test("h2load", { skip: h2load().skip }, async (t) => {
  const body = join(await makeFolder(t), "echo.grpc");
  await writeFile(body, envelope(Buffer.from([10, 2, 104, 105]))); // value: "hi"
  const url = `http://127.0.0.1:${server.port}/rig.wire.v1.WireService/Echo`;
  const load = [`-n${CALLS}`, "-c8", "-m20", `-d${body}`];
  const headers = ["-Hcontent-type: application/grpc", "-Hte: trailers"];
  const { stdout, stderr } = await runTool(h2load().path, ...load, ...headers, url);
  assert.match(stdout, new RegExp(` ${CALLS} succeeded, 0 failed, 0 errored, 0 timeout`), stderr);
  assert.match(stdout, new RegExp(`status codes: ${CALLS} 2xx`));
  // Each answer has the envelope of five bytes and the four of the message.
  assert.match(stdout, new RegExp(`\\(${9 * CALLS}\\) data`));
});

for (const [method, data, answers] of [
  ["Echo", { value: "aGk=" }, 20_000],
  ["Count", { value: 20 }, 2_000],
  ["Sum", [{ value: 1 }, { value: 2 }], 2_000],
  ["Chat", [{ value: "aGk=" }, { value: "aG8=" }], 2_000],
] as const) {
  test(`ghz, ${method}`, { skip: ghz().skip }, async () => {
    const call = [`--import-paths=${proto}`, `--proto=${join(proto, "rig/wire/v1/wire.proto")}`];
    const load = ["--insecure", "--connections=8", "--concurrency=80", `--total=${answers}`];
    const { stdout, stderr } = await runTool(
      ghz().path,
      ...[...load, ...call, `--call=rig.wire.v1.WireService/${method}`, `--data=${JSON.stringify(data)}`],
      `127.0.0.1:${server.port}`,
    );
    const [, codes = ""] = /Status code distribution:\n([\s\S]*?)\n\n/.exec(stdout) ?? [];
    assert.match(codes, new RegExp(`^ *\\[OK\\] +${answers} responses *$`), stdout + stderr);
  });
}
