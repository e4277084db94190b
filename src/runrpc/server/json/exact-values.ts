import { boundedText } from "../bounded-text.ts";

/** A double has up to 15 digits whatever they are; among more there may be a point. */
export const LONG_NUMBER = /\d{16}|[.\d]{17}/;

/** Stands for an integer without quotes of which JSON.parse makes another one. */
const ROUNDED = Symbol("rounded");

/** The same, where a double with the digits of the text is meant: 12345678901234567000 is 12345678901234567168 with all of its digits. */
const SHORT = Symbol("short");

/** What JSON.parse gives, with `ROUNDED` or `SHORT` in the place of each integer that the text has with other digits. */
export function withRounded(text: string): unknown {
  type Reviver = (name: string, value: unknown, context: { readonly source?: string }) => unknown;
  const reviver: Reviver = (_name, value, { source }) =>
    typeof value === "number" && Number.isInteger(value) && source !== undefined
      ? exact(value, source)
      : value;
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]); // the types do not know the source text yet
}

/** A longer number is no integer that anybody writes, and takes BigInt long. */
const MAX_SOURCE_CHARS = 1_000;

function exact(value: number, source: string): number | symbol {
  if (source.length > MAX_SOURCE_CHARS) return ROUNDED;
  if (Number.isSafeInteger(value) && String(value) === source) return value;
  const written = decimalOf(source);
  // Only what is neither zero nor infinite has an exponent as small as its digits are few.
  if (value === 0) return written.digits === 0n ? value : ROUNDED;
  if (isSame(written, { digits: BigInt(value), exponent: 0 })) return value;
  return isSame(written, decimalOf(String(value))) ? SHORT : ROUNDED;
}

/** Digits, and the power of ten that they are multiplied with. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** Of a number as JSON has it. */
function decimalOf(source: string): Decimal {
  const [, whole = "", decimals = "", exponent = "0"] =
    /^(-?\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(source) ?? [];
  return { digits: BigInt(whole + decimals), exponent: Number(exponent) - decimals.length };
}

function isSame(one: Decimal, other: Decimal): boolean {
  const shift = one.exponent - other.exponent;
  return shift < 0
    ? one.digits === other.digits * 10n ** BigInt(-shift)
    : one.digits * 10n ** BigInt(shift) === other.digits;
}

/** The greatest text of a value in an error, in bytes. */
const MAX_SHOWN_BYTES = 128;

/** The digits that a 64-bit integer may have, leading zeros among them: BigInt takes long for very many. */
const MAX_DIGITS = 40;

const MAX_DURATION_SECONDS = 315_576_000_000;

/** The first and the last millisecond of what google.protobuf.Timestamp allows: the years 1 to 9999. */
const MIN_TIME_MS = -62_135_596_800_000;
const MAX_TIME_MS = 253_402_300_799_999;

const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const DURATION = /^-?(\d+)(?:\.(\d{1,9}))?s$/;

/** What is no time of RFC 3339, and a date that the calendar does not have and the hour 24, which Date.parse carries over. */
export function inexactTimestamp(json: unknown): string | undefined {
  if (typeof json !== "string") return undefined;
  const match = DATE_TIME.exec(json);
  const [year = 0, month = 0, day = 0, hour = 0] = match?.slice(1).map(Number) ?? [];
  if (hour > 23) return `: ${quoted(json)} has no hour of a day`;
  if (day > daysOf(year, month)) return `: ${quoted(json)} is no date`;
  const timeMs = match === null ? Number.NaN : Date.parse(json);
  if (Number.isNaN(timeMs)) return `: ${quoted(json)} is no time such as 2006-01-02T15:04:05.999Z`;
  const isWithin = timeMs >= MIN_TIME_MS && timeMs <= MAX_TIME_MS;
  return isWithin ? undefined : `: ${quoted(json)} is not within the years 1 to 9999`;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** What is no duration, such as one with more than 9 decimals or words after the unit, and what is past the greatest one. */
export function inexactDuration(json: unknown): string | undefined {
  if (typeof json !== "string") return undefined;
  const match = DURATION.exec(json);
  if (match === null) return `: ${quoted(json)} is no duration`;
  const [seconds = "", decimals = ""] = match.slice(1);
  const beyond = Number(seconds) - MAX_DURATION_SECONDS;
  const isPast = beyond > 0 || (beyond === 0 && Number(decimals) > 0);
  return isPast ? `: ${quoted(json)} is above the maximum of ${MAX_DURATION_SECONDS}s` : undefined;
}

const IS_ROUNDED = ": the number is rounded when it is read; write it with quotes";

/** Of 64 bits. Without quotes it has gone through a double. */
export function inexactInteger(json: unknown): string | undefined {
  if (json === ROUNDED || json === SHORT) return IS_ROUNDED;
  if (typeof json !== "string") return undefined;
  if (json.length > MAX_DIGITS) return `: ${quoted(json)} is no integer of 64 bits`;
  return /^-?\d+$/.test(json) ? undefined : `: ${quoted(json)} is no integer`;
}

/** In a Struct: an integer that a double does not have, a number above the greatest one, and a text or name that UTF-8 cannot carry. */
export function inexactValue(json: unknown, depth: number): string | undefined {
  if (json === ROUNDED) return IS_ROUNDED;
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
