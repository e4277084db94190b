import assert from "node:assert/strict";
import { test } from "node:test";
import { createRetryBudget } from "../../../src/runrpc/client/retry-budget.ts";

type Budget = ReturnType<typeof createRetryBudget>;

function succeed(budget: Budget, calls: number): void {
  for (let call = 0; call < calls; call++) budget.succeeded();
}

const fail = (budget: Budget, attempts: number): readonly boolean[] =>
  Array.from({ length: attempts }, () => budget.failed());

test("four of ten tokens are for retries, and however many calls have succeeded there are no more", () => {
  const budget = createRetryBudget();
  succeed(budget, 1_000);
  assert.deepEqual(fail(budget, 6), [true, true, true, true, false, false]);
});

test("half of the budget is not enough, and a tenth more is", () => {
  const budget = createRetryBudget();
  fail(budget, 5);
  succeed(budget, 10);
  assert.equal(budget.failed(), false);
  succeed(budget, 11);
  assert.equal(budget.failed(), true);
});

test("an empty budget is filled from nothing, however many attempts have failed", () => {
  const budget = createRetryBudget();
  fail(budget, 1_000);
  succeed(budget, 60);
  assert.equal(budget.failed(), false);
  succeed(budget, 11);
  assert.equal(budget.failed(), true);
});
