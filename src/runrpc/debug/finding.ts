import { boundedText } from "../server/bounded-text.ts";
import type { CallHead } from "../server/call/call.ts";
import type { ServerLog } from "../server/log.ts";
import { type Frame, placeText } from "./place.ts";

/** What debug mode looks for. */
export type FindingKind =
  | "loop_held"
  | "machine_busy"
  | "sync_call"
  | "handler_outlived"
  | "generator_open"
  | "stray"
  | "query_not_awaited"
  | "signal_listeners"
  | "slow_call"
  | "slow_query"
  | "slow_reader"
  | "watchdog";

/** One thing that was found. */
export interface Finding {
  readonly kind: FindingKind;
  /** What was found, in a sentence. */
  readonly text: string;
  /** What would mend it. Default: nothing general can be said. */
  readonly cure?: string | undefined;
  /** The code in question; undefined where it is not known. */
  readonly place?: Frame | undefined;
  /** Where it was found, the innermost frame first. Default: that is not known. */
  readonly stack?: readonly Frame[] | undefined;
  /** The call that it was found in; undefined where that is not known. */
  readonly call?: CallHead | { readonly path: string; readonly requestId: string } | undefined;
  /** In milliseconds; undefined where it is no matter of time. */
  readonly tookMs?: number | undefined;
  /** Of `tookMs`, by what it went to, in milliseconds. */
  readonly parts?: Readonly<Record<string, number>> | undefined;
  /** What tells it from others of its kind, place and method. Default: nothing more. */
  readonly key?: string | undefined;
}

/** A finding with what is known of its like. */
export interface CountedFinding {
  /** The first one. */
  readonly first: Finding;
  readonly place: string;
  readonly count: number;
  readonly totalMs: number;
  readonly longestMs: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

/** What was found since the start. */
export interface Findings {
  take(finding: Finding): void;
  /** How often each kind was found. */
  counts(): Readonly<Record<string, number>>;
  /** The latest first. */
  all(): readonly CountedFinding[];
  /** Writes what was found more than once, with its count. */
  close(): void;
}

/** Different findings that are kept; past it new ones are counted by their kind alone. */
const MAX_FINDINGS = 500;

/** A finding is written when it is made for the first time, and then each time that its count has grown tenfold. */
export function createFindings(log: Pick<ServerLog, "warn">): Findings {
  const found = new Map<string, Writable>();
  const kinds = new Map<FindingKind, number>();
  const write = (finding: Finding, { count, totalMs }: Pick<CountedFinding, "count" | "totalMs">): void =>
    log.warn(fieldsOf(finding, count, totalMs), boundedText(finding.text));

  return {
    take(finding) {
      kinds.set(finding.kind, (kinds.get(finding.kind) ?? 0) + 1);
      const place = finding.place === undefined ? "" : placeText(finding.place);
      const key = `${finding.kind}\n${place}\n${finding.call?.path ?? ""}\n${finding.key ?? ""}`;
      const tookMs = finding.tookMs ?? 0;
      const known = found.get(key);
      if (known !== undefined) {
        known.count++;
        known.totalMs += tookMs;
        known.longestMs = Math.max(known.longestMs, tookMs);
        known.lastAt = new Date();
        if (Number.isInteger(Math.log10(known.count))) {
          known.written = known.count;
          write(finding, known);
        }
        return;
      }
      if (found.size >= MAX_FINDINGS) return;
      const at = new Date();
      const first = {
        first: finding,
        place,
        count: 1,
        totalMs: tookMs,
        longestMs: tookMs,
        firstAt: at,
        lastAt: at,
        written: 1,
      };
      found.set(key, first);
      write(finding, first);
    },
    counts: () => Object.fromEntries(kinds),
    all: () => [...found.values()].sort((one, other) => other.lastAt.getTime() - one.lastAt.getTime()),
    close() {
      for (const known of found.values()) if (known.count > known.written) write(known.first, known);
    },
  };
}

interface Writable extends CountedFinding {
  count: number;
  totalMs: number;
  longestMs: number;
  lastAt: Date;
  /** The count with which it was written last. */
  written: number;
}

/** The line of a finding, as JSON has it. */
function fieldsOf(finding: Finding, count: number, totalMs: number): object {
  const { kind, cure, place, call, tookMs, parts } = finding;
  return {
    finding: kind,
    ...(place === undefined ? {} : { at: placeText(place) }),
    ...(call === undefined ? {} : { path: boundedText(call.path), requestId: call.requestId }),
    ...(tookMs === undefined ? {} : { tookMs: Math.round(tookMs) }),
    ...(parts === undefined ? {} : { parts }),
    ...(count === 1 ? {} : { count, ...(totalMs === 0 ? {} : { totalMs: Math.round(totalMs) }) }),
    ...(cure === undefined ? {} : { cure }),
  };
}
