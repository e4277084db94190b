import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { promtool } from "../../wire/tools.ts";

/**
 * Has Prometheus' own tool read an exposition, and lint it. Where there is none, the test says so.
 *
 * @throws AssertionError with what it found
 */
export async function checkedByPromtool(t: TestContext, exposition: string): Promise<void> {
  const { path, skip } = promtool();
  if (skip !== false) {
    t.diagnostic(`not held against promtool: ${skip}`);
    return;
  }
  const tool = spawn(path, ["check", "metrics"]);
  tool.stdin.end(exposition);
  const [found, code] = await Promise.all([
    text(tool.stderr),
    new Promise((resolve) => tool.once("close", resolve)),
  ]);
  assert.deepEqual({ code, found }, { code: 0, found: "" });
}
