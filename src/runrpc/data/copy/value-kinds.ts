import { dateFromText, textFromMs } from "../postgres/codecs.ts";
import { canonicalJson } from "./canonical-json.ts";
import { Unstorable } from "./unstorable.ts";

/** A value of an SQLite file: integers as bigint, so that none is rounded. Null is not handed on. */
export type SqliteValue = bigint | number | string | Buffer;

/** How the values of one type of Postgres come from SQLite's. */
export interface ValueKind {
  /** What the server is sent. @throws Unstorable */
  readonly textOf: (value: SqliteValue) => string;
  /** A value of the file, and the text that the server gives for it, as the one text that both are compared by. */
  readonly ofFile: (value: SqliteValue) => string;
  readonly ofServer: (text: string) => string;
}

/** By what `format_type` of Postgres calls the types that runrpc's migrations have. */
export const valueKinds: Readonly<Record<string, ValueKind>> = {
  bigint: {
    textOf: (value) => String(integer(value)),
    ofFile: String,
    ofServer: String,
  },
  boolean: {
    textOf: (value) => (flag(value) ? "t" : "f"),
    ofFile: (value) => (value === 1n ? "true" : "false"),
    ofServer: (text) => (text === "t" ? "true" : "false"),
  },
  "timestamp(3) with time zone": timestamp(1),
  "timestamp(0) with time zone": timestamp(1_000),
  text: {
    textOf: storableText,
    ofFile: String,
    ofServer: String,
  },
  jsonb: {
    textOf(value) {
      const json = text(value);
      canonicalJson(json);
      return json;
    },
    ofFile: (value) => canonicalJson(String(value)),
    ofServer: canonicalJson,
  },
  "double precision": {
    textOf: (value) => numberText(real(value)),
    ofFile: (value) => numberText(real(value)),
    ofServer: (text) => numberText(Number(text)),
  },
  bytea: {
    textOf: (value) => `\\x${bytes(value).toString("hex")}`,
    ofFile: (value) => bytes(value).toString("hex"),
    ofServer: (text) => text.slice(2),
  },
  numeric: {
    textOf: digits,
    ofFile: digits,
    ofServer: String,
  },
};

function integer(value: SqliteValue): bigint {
  if (typeof value === "bigint") return value;
  throw new Unstorable(`is ${described(value)}, and should be an integer`);
}

function flag(value: SqliteValue): boolean {
  const number = integer(value);
  if (number === 0n || number === 1n) return number === 1n;
  throw new Unstorable(`is ${number}, and should be 0 or 1`);
}

/** Moments that a `Date` can be, from the year that Postgres begins with. */
const firstMs = Date.UTC(-4712, 0, 1);
const lastMs = 8_640_000_000_000_000;

function timestamp(unitMs: number): ValueKind {
  const msOf = (value: SqliteValue): number => Number(integer(value)) * unitMs;
  return {
    textOf(value) {
      const ms = msOf(value);
      if (ms >= firstMs && ms <= lastMs) return String(textFromMs(ms));
      throw new Unstorable(`is the time ${value}, and Postgres has those from 4713 BC to the year 275760`);
    },
    ofFile: (value) => String(msOf(value)),
    ofServer: (text) => String(dateFromText(text).getTime()),
  };
}

function text(value: SqliteValue): string {
  if (typeof value === "string") return value;
  throw new Unstorable(`is ${described(value)}, and should be text`);
}

function storableText(value: SqliteValue): string {
  const given = text(value);
  if (given.includes("\0")) throw new Unstorable("has U+0000 in its text");
  return given;
}

function real(value: SqliteValue): number {
  if (typeof value === "number") return value;
  const number = Number(integer(value));
  if (BigInt(number) === value) return number;
  throw new Unstorable(`is the integer ${value}, which no double holds`);
}

/** As Postgres reads it, with the sign of -0, which `String` leaves out. */
function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function bytes(value: SqliteValue): Buffer {
  if (Buffer.isBuffer(value)) return value;
  throw new Unstorable(`is ${described(value)}, and should be bytes`);
}

/** drizzle keeps a bigint as its digits. */
function digits(value: SqliteValue): string {
  const given = bytes(value).toString("latin1");
  if (/^-?\d{1,1000}$/.test(given)) return String(BigInt(given));
  throw new Unstorable("is no bigint: its bytes are not digits");
}

function described(value: SqliteValue): string {
  if (Buffer.isBuffer(value)) return `${value.length} bytes`;
  return typeof value === "string" ? "text" : `the number ${value}`;
}
