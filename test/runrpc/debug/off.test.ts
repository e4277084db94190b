import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const file = fileURLToPath(new URL("./off/server.ts", import.meta.url));

async function stateOf(mode: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, file, mode]);
  return JSON.parse(stdout);
}

it("a server without debug mode and metrics has none of their code, wraps nothing and starts no thread", async () => {
  assert.deepEqual(await stateOf("off"), {
    loaded: 0,
    isWrapped: false,
    globals: 0,
    hasThreads: false,
    isWrappedAfter: false,
  });
});

it("with it all of these are there, and gone when the server has drained", async () => {
  const { loaded, ...state } = (await stateOf("on")) as { readonly loaded: number };
  assert.ok(loaded > 5);
  assert.deepEqual(state, { isWrapped: true, globals: 1, hasThreads: true, isWrappedAfter: false });
});
