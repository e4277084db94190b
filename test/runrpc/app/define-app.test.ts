import assert from "node:assert/strict";
import { describe, it } from "node:test";
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

describe("defineApp, where nobody has run the compiler", () => {
  const services = () => [];
  for (const [given, message] of [
    [
      { services, interceptor: () => [] },
      "interceptor is not an option of defineApp; did you mean interceptors?",
    ],
    [{ service: services }, "service is not an option of defineApp; did you mean services?"],
    [{}, "defineApp: services is undefined; it takes a function"],
    [{ services: [] }, "defineApp: services is []; it takes a function"],
    [
      { services, worker: "./worker.ts" },
      `defineApp: worker is './worker.ts'; it takes a URL: new URL("./worker.ts", import.meta.url)`,
    ],
    [
      { services, migrations: "./migrations" },
      `defineApp: migrations is './migrations'; it takes a URL: new URL("./services/migrations/", import.meta.url)`,
    ],
    [{ services, codecs: {} }, "defineApp: codecs is {}; it takes a list"],
  ] as const) {
    it(message, () => {
      const unchecked = given as unknown as { services: () => [] }; // none of these compiles
      assert.throws(() => defineApp(unchecked), { message });
    });
  }

  it("takes what is undefined for what was left out", () => {
    defineApp({ services, worker: undefined, interceptors: undefined });
  });
});
