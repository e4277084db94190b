import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../../wire/app.ts";

const boom: () => never = () => {
  throw new Error("boom");
};

for (const [title, onRecord] of [
  ["throws", boom],
  ["rejects", async () => boom()],
] as const) {
  test(`a program whose onRecord ${title} has the row of each call all the same, and no stray error`, async () => {
    const strays: unknown[] = [];
    const hear = (reason: unknown) => strays.push(reason);
    process.on("unhandledRejection", hear);
    const { app, url, key, requestLog, close } = await startTestApp({}, { onRecord });
    after(close);
    for (const [apiKey, status] of [
      [key, 200],
      ["wrong", 401],
    ] as const) {
      const response = await fetch(`${url}/rig.users.v1.UserService/ListUsers`, {
        method: "POST",
        headers: { "x-api-key": apiKey, "content-type": "application/json" },
        body: "{}",
      });
      assert.equal(response.status, status, await response.text());
    }
    assert.deepEqual(
      (await requestLog()).map(({ code }) => code),
      ["ok", "unauthenticated"],
    );
    await new Promise(setImmediate);
    process.off("unhandledRejection", hear);
    assert.deepEqual([strays, app.stats().strays], [[], 0]);
  });
}
