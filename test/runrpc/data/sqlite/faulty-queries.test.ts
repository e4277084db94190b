import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { codeOf, openTestStore } from "../fixture/open.ts";
import { ODD } from "../fixture/queries.ts";

// What a query does wrong is the fault of its one call: its worker stays, and so does what shares a transaction with it.

/** Hears what workers warn of. */
function warnings(t: TestContext) {
  const texts: string[] = [];
  let heard = Promise.withResolvers<void>();
  const hear = ({ name, message }: Error): void => {
    if (name !== "DataWarning") return;
    texts.push(message);
    heard.resolve();
  };
  process.on("warning", hear);
  t.after(() => process.off("warning", hear));
  return async (count: number): Promise<readonly string[]> => {
    while (texts.length < count) {
      await heard.promise;
      heard = Promise.withResolvers();
    }
    return texts;
  };
}

test("whatever a query throws fails it alone among those of its batch", async (t) => {
  const { queries, stats } = await openTestStore(t);
  for (const name of ODD) {
    const codes = await Promise.all([
      codeOf(queries.items.insertName(`before ${name}`)),
      codeOf(queries.items.insertThenThrowOdd(name)),
      codeOf(queries.items.insertName(`after ${name}`)),
      codeOf(queries.items.countParts()),
      codeOf(queries.items.throwOdd(name)),
      codeOf(queries.items.countParts()),
    ]);
    const own = name === "code" ? "nope" : "internal";
    assert.deepEqual(codes, ["ok", own, "ok", "ok", own, "ok"], name);
  }
  assert.deepEqual(
    await queries.items.listNames(),
    ODD.flatMap((name) => [`before ${name}`, `after ${name}`]),
  );
  assert.deepEqual([stats().reads.workersReplaced, stats().writes.workersReplaced], [0, 0]);
});

test("what a query leaves behind where nobody catches it ends no worker, and is warned of", async (t) => {
  const { queries, stats } = await openTestStore(t);
  const warned = warnings(t);
  assert.equal(await codeOf(queries.items.leaveRejection()), "ok");
  assert.equal(await codeOf(queries.items.leaveException()), "ok");
  assert.equal(await codeOf(queries.items.insertAndLeaveRejection("kept")), "ok");
  for (const text of await warned(3))
    assert.match(text, /^a query left an error behind that nobody catches: (left behind|boom)$/);
  assert.deepEqual(await queries.items.listNames(), ["kept"]);
  assert.deepEqual([stats().reads.workersReplaced, stats().writes.workersReplaced], [0, 0]);
});
