import assert from "node:assert/strict";
import { it } from "node:test";
import { DATE_FIELD_BYTES, DateField } from "../../../../src/runrpc/server/http2/date-field.ts";
import { GET, openPeer, request } from "./peer.ts";
import { serve } from "./serve.ts";

const DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

for (const at of [0, 999, 1_000, 951_782_399_000, 951_782_400_999, 4_102_444_800_000, 253_402_300_799_999])
  it(`the moment ${at} is written as HTTP has it, in ${DATE_FIELD_BYTES} bytes`, () => {
    const out = Buffer.alloc(40, 0xee);
    assert.equal(new DateField(() => at).write(out, 3), 3 + DATE_FIELD_BYTES);
    const text = new Date(at).toUTCString();
    assert.match(text, DATE);
    // A literal that is not indexed, with the name 33 of the static table.
    assert.deepEqual([...out.subarray(0, 6)], [0xee, 0xee, 0xee, 0x0f, 0x12, 29]);
    assert.equal(out.toString("latin1", 6, 35), text);
    assert.equal(out[35], 0xee);
  });

it("the date is made anew when the second is another one, backwards too", () => {
  let nowMs = 5_999;
  const field = new DateField(() => nowMs);
  const out = Buffer.alloc(DATE_FIELD_BYTES);
  const written = (ms: number): string => {
    nowMs = ms;
    field.write(out, 0);
    return out.toString("latin1", 26, 28);
  };
  assert.deepEqual([5_999, 6_000, 6_999, 7_000, 3_000].map(written), ["05", "06", "06", "07", "03"]);
});

it("every final response has a date; what is not final has none, and trailers have none", async (t) => {
  const { port } = await serve(t, (stream) => {
    if (stream.id === 3) stream.respond(103, { link: "</a.css>" });
    stream.respond(stream.id === 5 ? 404 : 200, stream.id === 7 ? { date: "mine" } : {});
    stream.end(undefined, { "x-end": "1" });
  });
  const peer = openPeer(t, port);
  const before = Math.floor(Date.now() / 1000) * 1000;
  peer.write(...[1, 3, 5, 7].map((id) => request(id, GET)));
  const { date = "", ...rest } = await peer.datedHeaders(1);
  assert.deepEqual(rest, { ":status": "200" });
  assert.match(date, DATE);
  assert.ok(Date.parse(date) >= before && Date.parse(date) <= Date.now());
  assert.deepEqual(await peer.datedHeaders(1), { "x-end": "1" });
  assert.deepEqual(await peer.datedHeaders(3), { ":status": "103", link: "</a.css>" });
  assert.match((await peer.datedHeaders(3)).date ?? "", DATE);
  await peer.datedHeaders(3);
  const { date: ofError, ":status": status } = await peer.datedHeaders(5);
  assert.match(ofError ?? "", DATE);
  assert.equal(status, "404");
  await peer.datedHeaders(5);
  assert.deepEqual(await peer.datedHeaders(7), { ":status": "200", date: "mine" });
});
