import assert from "node:assert/strict";
import { it } from "node:test";
import { defineApp } from "../../../src/runrpc/app/define-app.ts";
import { defineQueries } from "../../../src/runrpc/data/define-queries.ts";

const counters = defineQueries({ read: { count: async (_db, name: string) => name.length } });

/** Never called: what matters is that `tsc` takes it, and that what stands below a directive is refused. */
function typesOfTheParts(): void {
  defineApp<{ readonly counters: typeof counters }>({
    services({ queries }) {
      queries.counters.count("a").then((count) => count.toFixed());
      // @ts-expect-error no such module
      queries.counter;
      return [];
    },
  });
  defineApp({
    services({ queries, log }) {
      log.info({}, "started");
      // @ts-expect-error an application that names no modules has none
      queries.counters;
      return [];
    },
  });
}

it("an application's queries are those of the modules that it names, and none without (checked by tsc)", () => {
  void typesOfTheParts;
  const definition = { services: () => [] };
  assert.equal(defineApp(definition), definition);
});
