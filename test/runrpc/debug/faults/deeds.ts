import { pbkdf2Sync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { HandlerContext } from "@connectrpc/connect";
import Database from "better-sqlite3";

const folder = mkdtempSync(join(tmpdir(), "runrpc-faults-"));
const file = join(folder, "large");
writeFileSync(file, Buffer.alloc(1 << 25, 1));
export const bytes = readFileSync(file);
export const text = JSON.stringify(
  Array.from({ length: 250_000 }, (_, i) => ({ i, text: `text ${i}`, list: [i, i] })),
);
const database = new Database(":memory:");

export function removeFiles(): void {
  rmSync(folder, { recursive: true });
}

/** Each holds the loop, or leaves something behind, on the line that ends with its name. */
export const deeds: Readonly<Record<string, (context: HandlerContext) => unknown>> = {
  busyLoop() {
    const until = performance.now() + 300;
    let sum = 0;
    while (performance.now() < until) sum += Math.sqrt(sum + 1); // busyLoop
    return sum;
  },
  regex: () => /^(a+)+$/.test(`${"a".repeat(22)}b`), // regex
  quadratic() {
    const list: number[] = [];
    for (let i = 0; i < 25_000; i++) if (!list.includes(-1 - i)) list.push(i); // quadratic
    return list.length;
  },
  jsonParse: () => JSON.parse(text).length, // jsonParse
  readFileSync() {
    for (let i = 0; i < 16; i++) readFileSync(file); // readFileSync
  },
  pbkdf2Sync: () => pbkdf2Sync("a", "b", 300_000, 32, "sha512"), // pbkdf2Sync
  gzipSync: () => gzipSync(bytes), // gzipSync
  sqlite() {
    const sum =
      "with recursive c(n) as (select 1 union all select n + 1 from c where n < 1500000) select sum(n) from c";
    return database.prepare(sum).get(); // sqlite
  },
  breakpoint() {
    const marked = "here";
    return marked; // breakpoint
  },
  stray: () => void Promise.reject(new Error("stray")), // stray
  listeners({ signal }) {
    for (let i = 0; i < 20; i++) signal.addEventListener("abort", () => {}); // listeners
  },
};
