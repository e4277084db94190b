import { execSync } from "node:child_process";
import { createHash, generateKeyPairSync, scryptSync } from "node:crypto";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { brotliCompressSync, deflateSync } from "node:zlib";
import type { HandlerContext } from "@connectrpc/connect";
import { bytes, text } from "./deeds.ts";

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const parsed: unknown = JSON.parse(text);

/** How long JavaScript holds the loop here, in milliseconds. */
const HOLD_MS = 300;
const soon = (): number => performance.now() + HOLD_MS;

const slow = {
  get value() {
    for (const until = soon(); performance.now() < until; ); // getter
    return 1;
  },
};

function* numbers(): Generator<number> {
  for (const until = soon(); performance.now() < until; ) yield until; // iterator
}

function recurse(depth: number): number {
  if (depth > 0) return recurse(depth - 1) + 1;
  for (const until = soon(); performance.now() < until; ); // deep
  return 0;
}

async function chained(): Promise<void> {
  await Promise.resolve();
  await Promise.all([1, 2].map((n) => Promise.resolve(n)));
  for (const until = soon(); performance.now() < until; ); // chain
}

/** More that holds the loop, in ways that others do not show, on the line that ends with its name. */
export const kinds: Readonly<Record<string, (context: HandlerContext) => unknown>> = {
  execSync: () => execSync("sleep 0.3"), // execSync
  scryptSync: () => scryptSync("a", "b", 32, { N: 1 << 15, maxmem: 1 << 26 }), // scryptSync
  generateKeyPairSync: () => generateKeyPairSync("rsa", { modulusLength: 2_048 }), // generateKeyPairSync
  brotliCompressSync: () => brotliCompressSync(text.slice(0, 100_000)), // brotliCompressSync
  deflateSync: () => deflateSync(bytes), // deflateSync
  readdirSync: () => readdirSync(tmpdir()), // readdirSync
  atomicsWait: () => Atomics.wait(sleeper, 0, 0, HOLD_MS), // atomicsWait
  jsonStringify: () => JSON.stringify(parsed).length, // jsonStringify
  structuredClone: () => structuredClone(parsed), // structuredClone
  hash: () => createHash("sha512").update(bytes).update(bytes).update(bytes).digest(), // hash
  getter: () => slow.value,
  iterator: () => [...numbers()].length,
  comparator() {
    const until = soon();
    return [3, 1, 2].sort((one, other) => {
      while (performance.now() < until); // comparator
      return one - other;
    });
  },
  concat() {
    let joined = "";
    for (const until = soon(); performance.now() < until; ) joined = `${joined}0`.replaceAll("0", "o"); // concat
    return joined.length;
  },
  called() {
    for (const until = soon(); performance.now() < until; ); // called
  },
  deep: () => recurse(100),
  chain: () => void chained(),
  timer() {
    setTimeout(() => {
      for (const until = soon(); performance.now() < until; ); // timer
    }, 1);
  },
  tick() {
    process.nextTick(() => {
      for (const until = soon(); performance.now() < until; ); // tick
    });
  },
  immediate() {
    setImmediate(() => {
      for (const until = soon(); performance.now() < until; ); // immediate
    });
  },
};

/** In an interceptor. */
export function hold(): void {
  for (const until = soon(); performance.now() < until; ); // interceptor
}
