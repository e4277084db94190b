import assert from "node:assert/strict";
import { codeOf, openTestStore } from "../../runrpc/data/fixture/open.ts";
import { within } from "../arena.ts";
import type { Row } from "../row.ts";

/** Calls at a time, of which some end their worker. */
const WIDTH = 60;

/** Database threads that die under load: each call is answered, acknowledged writes are there, refused ones are not. */
export const workerKills: Row = {
  name: "worker kills",
  isOfNoLane: true,
  async attack(arena) {
    const store = await openTestStore(arena, { readers: 2 });
    const { items } = store.queries;
    const acknowledged: string[] = [];
    const refused: string[] = [];
    for (let round = 0; round < arena.rounds(60, 5); round++) {
      const calls = Array.from({ length: WIDTH }, (_, index) => {
        const name = `${round}.${index}`;
        if (index === 20)
          return {
            what: "a read that ends its thread",
            code: codeOf(items.exitInRead()),
            expected: /^unavailable$/,
          };
        if (index === 40) {
          return {
            what: "a write that ends its thread",
            code: codeOf(items.exitInWrite(name)),
            expected: /^(unavailable|unknown)$/,
          };
        }
        if (index % 2 === 0)
          return { what: "a read", code: codeOf(items.listNames()), expected: /^(ok|unavailable)$/ };
        const code = codeOf(items.insertName(name)).then((told) => {
          if (told === "ok") acknowledged.push(name);
          if (told === "unavailable") refused.push(name);
          return told;
        });
        return { what: "a write", code, expected: /^(ok|unavailable|unknown)$/ };
      });
      for (const { what, code, expected } of calls) {
        await arena.attempt(what, async () => assert.match(await within(20_000, () => code), expected));
      }
    }
    const there = new Set(await items.listNames());
    await arena.attempt("each acknowledged write is there", () => {
      assert.deepEqual(
        acknowledged.filter((name) => !there.has(name)),
        [],
      );
    });
    await arena.attempt("no refused write is there", () => {
      assert.deepEqual(
        refused.filter((name) => there.has(name)),
        [],
      );
    });
  },
};
