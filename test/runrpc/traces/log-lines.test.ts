import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const file = fileURLToPath(new URL("./logging-app.ts", import.meta.url));

it("log lines carry the trace: of the handler's own, of its failure, and of its end", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, file, traceparent]);
  const lines = stdout
    .trim()
    .split("\n")
    .map(
      (line) =>
        JSON.parse(line) as { readonly msg: string; readonly traceId?: string; readonly spanId?: string },
    );
  const found = (text: string) => lines.filter(({ msg }) => msg.includes(text));
  assert.deepEqual(
    ["in the handler", "a handler failed", "ListUsers ok", "UpdateUser internal"].map((text) =>
      found(text).map((line) => line.traceId),
    ),
    [[traceId], [traceId], [traceId], [traceId]],
    stdout,
  );
  assert.match(found("in the handler")[0]?.spanId ?? "", /^[0-9a-f]{16}$/);
});
