import { setPatientTimeout } from "../../src/runrpc/server/patient-timeout.ts";
import { createRandom } from "../runrpc/server/lanes/differential/random.ts";
import type { Arena, Http2, Lane, Result, Row } from "./row.ts";
import { startSubject } from "./subject.ts";

/** How a row is run. */
export interface RunOptions {
  readonly lane: Lane;
  readonly http2: Http2;
  readonly seed: number;
  /** Multiplies what the whole run does; undefined: the short set. */
  readonly rounds: number | undefined;
}

/** What one attempt may take, in milliseconds; a server that does not answer shows here. */
const ATTEMPT_MS = 30_000;
/** Faults that are told one by one. */
const MAX_FAULTS = 12;

/** Runs one row on one lane and engine, ends what it started, and counts. */
export async function runRow(row: Row, { lane, http2, seed, rounds }: RunOptions): Promise<Result> {
  const begin = performance.now();
  /** By what was wrong: where first, and how often. */
  const faults = new Map<string, { readonly title: string; count: number }>();
  const excuses: string[] = [];
  const notes: string[] = [];
  const ends: (() => unknown)[] = [];
  let tried = 0;
  let held = 0;

  const arena: Arena = {
    lane,
    http2,
    flags: ["--lane", lane, "--http2", http2],
    isWhole: rounds !== undefined,
    random: createRandom(seed),
    rounds: (whole, short) => (rounds === undefined ? short : Math.max(1, Math.round(whole * rounds))),
    some(values, short) {
      if (rounds !== undefined) return values;
      const left = [...values];
      while (left.length > short) left.splice(arena.random.below(left.length), 1);
      return left;
    },
    async serve(options = {}) {
      return await startSubject(arena, options);
    },
    async attempt(title, deed) {
      tried++;
      try {
        await within(ATTEMPT_MS, deed);
        held++;
      } catch (reason) {
        const text = textOf(reason);
        const known = faults.get(text);
        if (known !== undefined) known.count++;
        else if (faults.size < MAX_FAULTS) faults.set(text, { title, count: 1 });
      }
    },
    notHeldByNode: (what) => excuses.push(what),
    note: (what) => notes.push(what),
    after: (end) => ends.push(end),
  };

  const fails = (reason: unknown) => arena.attempt("the row itself", () => Promise.reject(reason));
  await row.attack(arena).catch(fails);
  for (const end of ends.reverse()) await Promise.try(end).catch(fails);
  const lines = Array.from(faults, ([text, { title, count }]) => `${count} × ${text} (${title})`);
  return { tried, held, faults: lines, excuses, notes, elapsedMs: performance.now() - begin };
}

/** What `deed` gives, or a rejection when it takes too long. */
export async function within<T>(limitMs: number, deed: () => T | Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = setPatientTimeout(() => reject(new Error(`nothing came of it within ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([deed(), promise]);
  } finally {
    late.clear();
  }
}

function textOf(reason: unknown): string {
  const text = reason instanceof Error ? reason.message : String(reason);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text.replaceAll(/\s*\n\s*/g, " ");
}
