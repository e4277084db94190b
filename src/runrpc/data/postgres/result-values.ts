import pg from "pg";
import { DataError } from "../data-error.ts";

/** Reads a value as the server writes it, which is as text. */
export type ReadValue = (text: string) => unknown;

/** bigint, which counts come as. */
const int8 = 20;
const timestamptz = 1184;

/** What reads the values of a type, by its number: counts as numbers, times as text, for the codec. */
export function readerOf(type: number): ReadValue {
  if (type === int8) return Number;
  if (type === timestamptz) return (text) => text;
  return pg.types.getTypeParser(type, "text");
}

/** What V8 keeps of a value and its share of a row, besides text: about. */
const valueBytes = 32;

/** About what a value takes. */
export function bytesOf(text: string | null): number {
  return text === null ? valueBytes : valueBytes + 2 * text.length;
}

/** How the driver reads the values of one result. Past `maxBytes` it throws, from where on the driver keeps no more rows. */
export function boundedTypes(maxBytes: number): pg.CustomTypesConfig {
  let bytes = 0;
  return {
    getTypeParser(type: number) {
      const read = readerOf(type);
      return (text: string): unknown => {
        bytes += bytesOf(text);
        if (bytes > maxBytes) throw tooMuch(maxBytes);
        return read(text);
      };
    },
  } as pg.CustomTypesConfig; // Its own type is generic over the format.
}

/** The error of a result that is larger than `maxBytes`. */
export function tooMuch(maxBytes: number): DataError {
  return new DataError(
    "resource_exhausted",
    `a statement gives more than ${maxBytes} bytes (maxResultBytes): ask for less at a time`,
  );
}
