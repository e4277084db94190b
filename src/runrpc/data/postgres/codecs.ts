/**
 * How the values of a column travel. drizzle asks a column for the name of its codec, and one of drizzle-orm/sqlite-core
 * answers with SQLite's name, so that this table is keyed by those. `normalizeParam` takes what the column makes of a value
 * for SQLite, `normalize` what the driver gives, and both come out as Postgres and the query want them.
 */
export interface ColumnCodec {
  readonly normalizeParam?: (value: unknown) => unknown;
  readonly normalize?: (value: unknown) => unknown;
}

export const columnCodecs: Readonly<Record<string, ColumnCodec>> = {
  "integer:timestamp_ms": { normalizeParam: textFromMs, normalize: dateFromText },
  "integer:timestamp": {
    normalizeParam: (seconds) => textFromMs(typeof seconds === "number" ? seconds * 1_000 : seconds),
    normalize: dateFromText,
  },
  "integer:boolean": { normalizeParam: (value) => (typeof value === "number" ? value === 1 : value) },
  "blob:bigint": {
    normalizeParam: (value) => (Buffer.isBuffer(value) ? value.toString("utf8") : value),
    normalize: (value) => BigInt(String(value)),
  },
  // The column writes text, which jsonb reads; the driver parses what comes back.
  "text:json": {},
};

/** Postgres knows no sign in front of a year, and no year 0: the year before 1 is `0001 BC`. */
export function textFromMs(ms: unknown): unknown {
  if (typeof ms !== "number") return ms;
  const date = new Date(ms);
  const iso = date.toISOString();
  const year = date.getUTCFullYear();
  if (year >= 1 && year <= 9_999) return iso;
  const rest = iso.slice(iso.indexOf("-", 1));
  return year >= 1 ? `${year}${rest}` : `${String(1 - year).padStart(4, "0")}${rest} BC`;
}

const form = /^(\d{4,6})-(\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)\+00( BC)?$/;

/** Not `new Date(text)`, which takes the year 1 for 2001. The time zone of every session is UTC. */
export function dateFromText(value: unknown): Date {
  const text = String(value);
  // Those of our time are read many times: ECMAScript knows them, but for the space and the offset.
  if (/^[1-9]\d{3}-/.test(text) && text.endsWith("+00"))
    return new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
  const [, year = "", day, time, bc] = form.exec(text) ?? [];
  const number = bc === undefined ? Number(year) : 1 - Number(year);
  return new Date(`${isoYear(number)}-${day}T${time}Z`);
}

/** As ECMAScript writes years: four digits, or a sign and six. */
function isoYear(year: number): string {
  if (year >= 0 && year <= 9_999) return String(year).padStart(4, "0");
  return `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
}
