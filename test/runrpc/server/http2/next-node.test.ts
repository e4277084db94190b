import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";
import { nextNode } from "../../../wire/tools.ts";

// Pooled buffers rest on what `socket.write` has done when it returns, which no documentation promises.
const tests = ["outbox.test.ts", "flow-control.test.ts", "streams.test.ts"];

it("the next Node keeps what our buffers rest on", { skip: nextNode().skip }, async () => {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const files = tests.map((file) => join(import.meta.dirname, file));
  const { stdout } = await promisify(execFile)(nextNode().path, ["--test", "--test-reporter=tap", ...files], {
    env,
  });
  assert.match(stdout, /^# fail 0$/m);
  assert.match(stdout, /^# pass [1-9]/m);
});
