import type { Answer } from "runrpc";
import type { SummarizeLogsResponse } from "../../../gen/reports/v1/reports_pb.ts";
import type { ReportLine } from "./queries.ts";

/** Gathers what is told of lines. */
export interface Summary {
  add(lines: readonly ReportLine[]): void;
  /** @param ranks of the percentiles, 0 to 100; none: the usual ones. */
  finish(ranks: readonly number[]): Answer<SummarizeLogsResponse>;
}

const usualRanks = [50, 90, 95, 99] as const;

/** Patterns that are told. */
const shownPatterns = 10;

/** Different patterns that are counted: past it, lines with new ones are counted as lines alone. */
const maxPatterns = 10_000;

/** Characters of a message that its pattern is made of. */
const maxPatternChars = 200;

/** @param attribute the one whose values are measured; empty: none. */
export function createSummary(attribute: string): Summary {
  const values: number[] = [];
  const patterns = new Map<string, number>();
  let count = 0;

  return {
    add(lines) {
      count += lines.length;
      for (const { message, attributes } of lines) {
        const value = attribute === "" ? Number.NaN : numberFrom(attributes?.[attribute]);
        if (Number.isFinite(value)) values.push(value);
        const pattern = patternOf(message);
        const known = patterns.get(pattern);
        if (known !== undefined || patterns.size < maxPatterns) patterns.set(pattern, (known ?? 0) + 1);
      }
    },
    finish(ranks) {
      const sorted = Float64Array.from(values).sort();
      return {
        lines: BigInt(count),
        measured: BigInt(sorted.length),
        least: sorted[0] ?? 0,
        greatest: sorted.at(-1) ?? 0,
        mean: sorted.length === 0 ? 0 : sorted.reduce((sum, value) => sum + value / sorted.length, 0),
        percentiles: (ranks.length === 0 ? usualRanks : ranks).map((rank) => ({
          rank,
          value: sorted[nearestRank(rank, sorted.length)] ?? 0,
        })),
        patterns: [...patterns]
          .sort(([one, ones], [other, others]) => others - ones || (one < other ? -1 : 1))
          .slice(0, shownPatterns)
          .map(([text, lines]) => ({ text, count: BigInt(lines) })),
      };
    },
  };
}

function numberFrom(text: string | undefined): number {
  return text === undefined || text.trim() === "" ? Number.NaN : Number(text);
}

/** The place of the least value that `rank` percent are not above. */
function nearestRank(rank: number, count: number): number {
  return Math.max(0, Math.ceil((rank / 100) * count) - 1);
}

/** A message without what differs from one to the next: `user 4711 left after 3.5 s` → `user # left after # s`. */
function patternOf(message: string): string {
  return message
    .slice(0, maxPatternChars)
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b0x[0-9a-f]+\b|\d+(?:[.,:]\d+)*/gi, "#");
}
