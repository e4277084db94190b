import assert from "node:assert/strict";
import { test } from "node:test";
import { createUnheard } from "../../../src/runrpc/data/unheard.ts";
import { codeOf, openTestStore, turn } from "./fixture/open.ts";

/** A log that keeps its errors. */
function errorLog() {
  const lines: { readonly fields: object; readonly message: string }[] = [];
  const log = {
    info() {},
    warn() {},
    error: (fields: object, message: string) => void lines.push({ fields, message }),
  };
  return { log, lines };
}

test("a query that nobody awaits and that is rejected is logged by its name, and Node hears of nothing", async (t) => {
  const { log, lines } = errorLog();
  const { queries } = await openTestStore(t, { log });
  const heardByNode: unknown[] = [];
  const listener = (reason: unknown) => void heardByNode.push(reason);
  process.on("unhandledRejection", listener);
  t.after(() => process.off("unhandledRejection", listener));

  void queries.items.insertThenThrow("x");
  // The writer answers in order: the query above has been answered when this one has.
  await queries.items.insertName("y");
  await turn();
  assert.deepEqual(
    lines.map(({ message }) => message),
    ["the query items.insertThenThrow was rejected and nobody awaits it: is an `await` missing?"],
  );
  assert.deepEqual(heardByNode, []);
});

test("a query that is awaited rejects whoever awaits it, however that is done, and nothing is logged", async (t) => {
  const { log, lines } = errorLog();
  const { queries } = await openTestStore(t, { log });
  const fail = () => queries.items.insertThenThrow("x");
  assert.equal(await codeOf(fail()), "not_found");
  assert.equal(await codeOf(Promise.all([fail(), queries.items.listNames()])), "not_found");
  assert.equal(await codeOf(Promise.race([fail()])), "not_found");
  assert.equal(await fail().catch(() => "caught"), "caught");
  assert.equal(
    await fail().then(
      () => "resolved",
      () => "rejected",
    ),
    "rejected",
  );
  assert.equal(await codeOf((async () => fail())()), "not_found");
  const later = fail();
  await Promise.resolve();
  assert.equal(await codeOf(later), "not_found");
  assert.ok(fail().catch(() => {}) instanceof Promise);
  await queries.items.insertName("y");
  await turn();
  assert.deepEqual(lines, []);
});

test("one line a second for each query; it says how many had none", () => {
  const { log, lines } = errorLog();
  let nowMs = 0;
  const unheard = createUnheard(log, () => nowMs);
  for (let count = 0; count < 3; count++) unheard("users.deleteUser", new Error("no"));
  unheard("users.getUser", new Error("no"));
  nowMs = 999;
  unheard("users.deleteUser", new Error("no"));
  nowMs = 1_000;
  unheard("users.deleteUser", new Error("no"));
  assert.deepEqual(
    lines.map(({ fields }) => ({ ...fields, err: undefined })),
    [
      { err: undefined, query: "users.deleteUser", untold: 0 },
      { err: undefined, query: "users.getUser", untold: 0 },
      { err: undefined, query: "users.deleteUser", untold: 3 },
    ],
  );
});
