import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Pieces } from "../../../../../src/runrpc/server/lanes/fast/pieces.ts";
import { createRandom } from "../differential/random.ts";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

test("what is put in comes out, in order, whatever the sizes", () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = createRandom(seed);
    const pieces = new Pieces();
    const pushed: Buffer[] = [];
    const shifted: Buffer[] = [];
    for (let step = 0; step < 300; step++) {
      if (random.chance(0.4)) {
        const piece = pieces.shift();
        if (piece !== undefined) shifted.push(piece);
      } else {
        const piece = Buffer.alloc(random.pick([0, 1, 5, 511, 512, 3_000]), step);
        pushed.push(piece);
        pieces.push(piece);
      }
    }
    if (random.chance(0.5)) shifted.push(pieces.join(Buffer.alloc(0)));
    else for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) shifted.push(piece);
    assert.ok(Buffer.concat(shifted).equals(Buffer.concat(pushed)), `seed ${seed}`);
  }
});

test("a large piece is not copied", () => {
  const pieces = new Pieces();
  const piece = Buffer.alloc(512);
  pieces.push(piece);
  assert.equal(pieces.shift(), piece);
  assert.equal(pieces.shift(), undefined);
});

test("a body that comes byte by byte takes little more than its bytes", () => {
  const pieces = new Pieces();
  const before = held();
  for (let index = 0; index < 1_000_000; index++) pieces.push(Buffer.from([index]));
  const grown = held() - before;
  assert.ok(grown < 3_000_000, `${grown} bytes`);
  assert.equal(pieces.join(Buffer.alloc(1)).length, 1_000_001);
});

function held(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
