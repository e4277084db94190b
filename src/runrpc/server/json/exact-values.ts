import { boundedText } from "../bounded-text.ts";

/** A double has up to 15 digits whatever they are. */
export const LONG_NUMBER = /\d{15}[.\d]/;

/** Stands for a number without quotes whose digits are not those of the number that JSON.parse makes of it. */
const ROUNDED = Symbol("rounded");

/** What JSON.parse gives, with `ROUNDED` in the place of each integer that the text has with other digits. */
export function withRounded(text: string): unknown {
  type Reviver = (name: string, value: unknown, context: { readonly source?: string }) => unknown;
  const reviver: Reviver = (_name, value, { source }) =>
    Number.isInteger(value) && source !== undefined && isRounded(value as number, source) ? ROUNDED : value;
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]); // the types do not know the source text yet
}

function isRounded(value: number, source: string): boolean {
  const [, digits, decimals = ""] = /^(-?\d+)(?:\.(\d+))?$/.exec(source) ?? [];
  // With an exponent a number is as exact as a double is.
  if (digits === undefined) return false;
  return /[1-9]/.test(decimals) || BigInt(digits) !== BigInt(value);
}

/** The greatest text of a value in an error, in bytes. */
const MAX_SHOWN_BYTES = 128;

/** The digits that a 64-bit integer may have, leading zeros among them: BigInt takes long for very many. */
const MAX_DIGITS = 40;

const MAX_DURATION_SECONDS = 315_576_000_000;

const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):/;
const DURATION = /^-?(\d+)(?:\.(\d{1,9}))?s$/;

/** A date that the calendar does not have, and the hour 24, which Date.parse carries over to another day. */
export function inexactTimestamp(json: unknown): string | undefined {
  if (typeof json !== "string") return undefined;
  const match = DATE_TIME.exec(json);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0] = match.slice(1).map(Number);
  if (hour > 23) return `: ${quoted(json)} has no hour of a day`;
  return day > daysOf(year, month) ? `: ${quoted(json)} is no date` : undefined;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** More than 9 decimals, words after the unit, and what is past the greatest duration by less than a second. */
export function inexactDuration(json: unknown): string | undefined {
  if (typeof json !== "string") return undefined;
  const match = DURATION.exec(json);
  if (match === null) return `: ${quoted(json)} is no duration`;
  const [seconds = "", decimals = ""] = match.slice(1);
  const isPast = Number(seconds) === MAX_DURATION_SECONDS && Number(decimals) > 0;
  return isPast ? `: ${quoted(json)} is above the maximum of ${MAX_DURATION_SECONDS}s` : undefined;
}

/** Of 64 bits. Without quotes it has gone through a double. */
export function inexactInteger(json: unknown): string | undefined {
  if (json === ROUNDED) return ": the number is rounded when it is read; write it with quotes";
  if (typeof json !== "string") return undefined;
  if (json.length > MAX_DIGITS) return `: ${quoted(json)} is no integer of 64 bits`;
  return /^-?\d+$/.test(json) ? undefined : `: ${quoted(json)} is no integer`;
}

/** In a Struct: a number above the greatest double, and a text or name that UTF-8 cannot carry. */
export function inexactValue(json: unknown, depth: number): string | undefined {
  if (typeof json === "number" && !Number.isFinite(json)) return ": the number is above the greatest double";
  if (typeof json === "string") return json.isWellFormed() ? undefined : `: ${HALF_A_PAIR}`;
  if (typeof json !== "object" || json === null || depth > 100) return undefined;
  if (Array.isArray(json)) {
    for (const [index, value] of json.entries()) {
      const found = inexactValue(value, depth + 1);
      if (found !== undefined) return `[${index}]${found}`;
    }
    return undefined;
  }
  for (const [name, value] of Object.entries(json)) {
    const found = name.isWellFormed() ? inexactValue(value, depth + 1) : `: ${HALF_A_PAIR}`;
    if (found !== undefined) return `.${boundedText(name, MAX_SHOWN_BYTES)}${found}`;
  }
  return undefined;
}

const HALF_A_PAIR = "the text holds half a surrogate pair";

/** A value as an error shows it. */
export function quoted(text: string): string {
  return JSON.stringify(boundedText(text, MAX_SHOWN_BYTES));
}
