import assert from "node:assert/strict";
import { codeOf, openTestStore } from "../../runrpc/data/fixture/open.ts";
import type { Row } from "../row.ts";

const WIDTH = 90;

/** Writes that share a commit with failing ones: each has its own outcome, and the table holds just what was acknowledged. */
export const writeIsolation: Row = {
  name: "write isolation",
  isOfNoLane: true,
  async attack(arena) {
    const { queries } = await openTestStore(arena, { readers: 1 });
    const expected: string[] = [];
    for (let round = 0; round < arena.rounds(200, 10); round++) {
      const outcomes = Array.from({ length: WIDTH }, (_, index) => {
        const name = `${round}.${index}`;
        switch (arena.random.below(6)) {
          case 0:
            return ["not_found", codeOf(queries.items.insertThenThrow(name))] as const;
          case 1:
            return ["internal", codeOf(queries.items.insertThenFault(name))] as const;
          case 2:
            return [
              "failed_precondition",
              codeOf(queries.items.insertPart({ itemId: -1, label: name })),
            ] as const;
          case 3:
            expected.push(`${name} a`, `${name} b`);
            return ["ok", codeOf(queries.items.insertNames([`${name} a`, `${name} b`]))] as const;
          default:
            expected.push(name);
            return ["ok", codeOf(queries.items.insertName(name))] as const;
        }
      });
      for (const [code, told] of outcomes)
        await arena.attempt(`a write beside others: ${code}`, async () => assert.equal(await told, code));
    }
    await arena.attempt("the table", async () => {
      assert.deepEqual((await queries.items.listNames()).toSorted(), expected.toSorted());
    });
  },
};
