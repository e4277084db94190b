import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestApp } from "runrpc/testing";
import app from "../src/main.ts";

test("the application starts over a database of its own, and is ready", async () => {
  await using running = await startTestApp(app);
  const response = await fetch(`${running.url}/readyz`);
  assert.equal(response.status, 200);
});
