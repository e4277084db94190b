import { usageError } from "./io.ts";

const unitsMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** A hundred years: beyond some times that number there are no dates. */
const longest = { text: "36500d", ms: 36_500 * unitsMs.d } as const;

/** Milliseconds from `90d`, `24h`, `30m`, `45s` or `2w`. @throws CommandFailure (usage) for anything else, and for more than 36500d */
export function parseDurationMs(name: string, text: string): number {
  const match = /^(\d+)([smhdw])$/.exec(text);
  if (match === null) throw usageError(`${name} is "${text}"; it takes a duration such as 90d, 24h or 30m`);
  const ms = Number(match[1]) * unitsMs[match[2] as keyof typeof unitsMs]; // the pattern has these units
  if (ms <= longest.ms) return ms;
  throw usageError(`${name} is "${text}"; it takes at most ${longest.text}`);
}

/**
 * A moment from a duration counted from `now`, or an ISO date such as 2027-01-31 or 2027-01-31T12:00:00Z.
 *
 * @throws CommandFailure (usage) when it is neither, and when it has passed.
 */
export function parseFutureDate(name: string, text: string, now: Date): Date {
  if (/^\d+[smhdw]$/.test(text)) return new Date(now.getTime() + parseDurationMs(name, text));
  const date = new Date(isDay(text.slice(0, 10)) ? text : Number.NaN);
  if (Number.isNaN(date.getTime()))
    throw usageError(`${name} is "${text}"; it takes a duration such as 90d, or a date such as 2027-01-31`);
  if (date <= now) throw usageError(`${name} is "${text}", which has passed`);
  return date;
}

/** Whether a calendar has the day: `Date` takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const date = new Date(/^\d{4}-\d\d-\d\d$/.test(text) ? text : Number.NaN);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
