import type { OutgoingHttpHeaders } from "node:http";

/**
 * The greatest headers that a handler may set, and the greatest trailers of an answer, in bytes each. C-core and grpc-go
 * refuse an answer whose metadata takes more than 8 KiB by default; Node's HTTP/2 cannot send more than 64 KiB, and ends
 * the connection over them.
 */
export const MAX_METADATA_BYTES = 8_192;

/** The same, in entries. Node's HTTP/2 clients take 128 by default, grpc-js among them. */
export const MAX_METADATA_ENTRIES = 100;

/** Of what a handler has set, where headers, trailers and the metadata of its error are sent as one. */
export const MAX_ENTRIES_BESIDE_ERROR = MAX_METADATA_ENTRIES / 4;

/** What an entry adds to its name and value (RFC 9113, 6.5.2, SETTINGS_MAX_HEADER_LIST_SIZE). */
const ENTRY_BYTES = 32;

/** The size of headers or trailers as HTTP/2 counts it. */
export function headerBytes(headers: Headers): number {
  let bytes = 0;
  for (const [name, value] of headers) bytes += entryBytes(name, value);
  return bytes;
}

/** The same of headers as Node takes them. */
export function plainHeaderBytes(headers: OutgoingHttpHeaders): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers))
    for (const one of Array.isArray(value) ? value : [value ?? ""]) bytes += entryBytes(name, String(one));
  return bytes;
}

/** @throws Error when a handler has set more than its client can take. */
export function checkMetadata(headers: Headers | undefined, what: "headers" | "trailers"): void {
  if (headers === undefined) return;
  checkValues(headers, `the handler's response ${what}`);
  const bytes = headerBytes(headers);
  if (bytes > MAX_METADATA_BYTES)
    throw new Error(
      `the handler set ${bytes} bytes of response ${what}, above the maximum of ${MAX_METADATA_BYTES}`,
    );
  const entries = [...headers].length;
  if (entries > MAX_METADATA_ENTRIES)
    throw new Error(
      `the handler set ${entries} response ${what}, above the maximum of ${MAX_METADATA_ENTRIES}`,
    );
}

/**
 * The same of both together, where one block of headers holds them: a unary answer of Connect has its trailers among its headers.
 *
 * @throws Error when a handler has set more than its client can take.
 */
export function checkTogether(header: Headers | undefined, trailer: Headers | undefined): void {
  if (header === undefined || trailer === undefined) return;
  const entries = [...header].length + [...trailer].length;
  if (entries > MAX_METADATA_ENTRIES)
    throw new Error(
      `the handler set ${entries} response headers and trailers, which Connect sends as one, above the maximum of ${MAX_METADATA_ENTRIES}`,
    );
}

/** What no value may hold, of what a Headers object takes (RFC 9110, 5.5): HTTP/1.1 refuses it, and a client of HTTP/2 its answer. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
const NOT_IN_VALUES = /[\x00-\x08\x0a-\x1f\x7f]/;

/** @throws Error that names the entry whose value HTTP does not take. */
export function checkValues(headers: Headers, of: string): void {
  for (const [name, value] of headers)
    if (NOT_IN_VALUES.test(value)) throw new Error(`${of} have a control character in ${name.slice(0, 100)}`);
}

/** The headers themselves where they fit, else those of their entries that do, each whole. */
export function fittingHeaders(
  headers: Headers,
  maxBytes: number,
  maxEntries = MAX_METADATA_ENTRIES,
): Headers {
  const fitting = new Headers();
  let leftBytes = maxBytes;
  let leftEntries = maxEntries;
  let isWhole = true;
  for (const [name, value] of headers) {
    const bytes = entryBytes(name, value);
    if (bytes > leftBytes || leftEntries === 0) {
      isWhole = false;
      continue;
    }
    leftBytes -= bytes;
    leftEntries--;
    fitting.append(name, value);
  }
  return isWhole ? headers : fitting;
}

function entryBytes(name: string, value: string): number {
  return name.length + value.length + ENTRY_BYTES;
}
