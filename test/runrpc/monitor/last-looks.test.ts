import assert from "node:assert/strict";
import { it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { WatchResponseSchema } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { createLastLooks } from "../../../src/runrpc/monitor/last-looks.ts";
import { lookFromText, textOfLook } from "../../../src/runrpc/monitor/look.ts";

it("of a process that has ended those are told the rest who had been told of a part, and nobody else", () => {
  const told = create(WatchResponseSchema, { endedCalls: [{ requestId: "4" }, { requestId: "5" }] });
  const looks = createLastLooks();
  looks.take(textOfLook({ from: "gone", isNew: false, told, marks: [], next: 6 }));
  const since = (after: Readonly<Record<string, number>>) =>
    looks.since({ ended: { after, recent: 10 } }).map((text) => {
      const { from, next, told } = lookFromText(text);
      return { from, next, ids: told.endedCalls.map(({ requestId }) => requestId), left: told.leftOutCalls };
    });
  assert.deepEqual(since({ gone: 5 }), [{ from: "gone", next: 6, ids: ["5"], left: 0n }]);
  assert.deepEqual(since({ gone: 4 }), [{ from: "gone", next: 6, ids: ["4", "5"], left: 0n }]);
  assert.deepEqual(since({ gone: 1 }), [{ from: "gone", next: 6, ids: ["4", "5"], left: 3n }]);
  assert.deepEqual([...since({ gone: 6 }), ...since({ other: 1 }), ...looks.since({ ended: undefined })], []);
  looks.close();
  assert.deepEqual(since({ gone: 5 }), []);
});
