import type { Random } from "../runrpc/server/lanes/differential/random.ts";
import type { Subject, SubjectOptions } from "./subject.ts";

export type Lane = "auto" | "stock";

/** Who speaks HTTP/2, as `server.http2` names it. */
export type Http2 = "own" | "node";

/** One row of the catalogue: a kind of abuse, and in code what has to hold. */
export interface Row {
  /** How it is called in the output and by `--row`. */
  readonly name: string;
  /** No lane and no engine has to do with it: it is run once. */
  readonly isOfNoLane?: true;
  /** Nothing depends on how fast it is: its lanes are attacked at one time. */
  readonly lanesAtOnce?: true;
  /** It takes too long for the short set. */
  readonly isWholeOnly?: true;
  /** Tries what there is to try. What it throws itself is a fault of the row, and counts as not held. */
  readonly attack: (arena: Arena) => Promise<void>;
}

/** What a row works with. */
export interface Arena {
  readonly lane: Lane;
  readonly http2: Http2;
  /** What starts `runrpc serve` on the lane and the engine. */
  readonly flags: readonly string[];
  /** Choices that are the same for the same `--seed`. */
  readonly random: Random;
  /** This is the whole run, which is done by hand on a machine that does nothing else. */
  readonly isWhole: boolean;
  /** How much to do: the first for the whole run, times `--rounds`; the second for the short set in `npm test`. */
  rounds(whole: number, short: number): number;
  /** All of them in the whole run, so many of them, by chance, in the short set. */
  some<T>(values: readonly T[], short: number): readonly T[];
  /** Starts `runrpc serve` as a process of its own, with a good client beside it. The row's end looks at both. */
  serve(options?: SubjectOptions): Promise<Subject>;
  /** Tries one thing, which holds when `deed` neither throws nor takes longer than half a minute. */
  attempt(title: string, deed: () => unknown): Promise<void>;
  /** Names what node:http2 does not let anybody hold. It is printed, and does not fail the run. */
  notHeldByNode(what: string): void;
  /** A figure that is printed, and held to nothing: machines that run this are busy. */
  note(what: string): void;
  /** Runs at the end of the row, the last one first. */
  after(end: () => unknown): void;
}

/** What came of a row. */
export interface Result {
  readonly tried: number;
  readonly held: number;
  /** A line for each of what was not held, of the first ones. */
  readonly faults: readonly string[];
  readonly excuses: readonly string[];
  readonly notes: readonly string[];
  readonly elapsedMs: number;
}
