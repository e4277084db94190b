import { isName, isValue } from "../header-text.ts";

/** What a header is to a request: known once for each entry of the table, not looked up with each request. */
export const METHOD = 1;
export const SCHEME = 2;
export const PATH = 3;
export const AUTHORITY = 4;
/** Any other name. */
export const REGULAR = 5;
export const CONTENT_LENGTH = 6;
export const COOKIE = 7;
/** A request with it is malformed: of HTTP/1.1's connections, not a token, or a pseudo-header that no request has. */
export const FORBIDDEN = 8;

/** RFC 9113, 8.2.2: they belong to a connection of HTTP/1.1. */
const OF_CONNECTION = ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"];

const KINDS: ReadonlyMap<string, number> = new Map([
  [":method", METHOD],
  [":scheme", SCHEME],
  [":path", PATH],
  [":authority", AUTHORITY],
  ["content-length", CONTENT_LENGTH],
  ["cookie", COOKIE],
  ...OF_CONNECTION.map((name) => [name, FORBIDDEN] as const),
]);

/** One header of a request, as the tables keep it. A class: every header of a block is one, and they have one hidden shape. */
export class Field {
  readonly name: string;
  readonly value: string;
  /** Of the name alone: entries are named by others in the table. */
  readonly nameKind: number;
  readonly kind: number;
  /** RFC 7541, 4.1. */
  readonly bytes: number;

  constructor(name: string, nameKind: number, value: string) {
    this.name = name;
    this.value = value;
    this.nameKind = nameKind;
    this.kind = isAllowed(name, value) ? nameKind : FORBIDDEN;
    this.bytes = 32 + name.length + value.length;
  }
}

/** The kind of a name that is in no table yet. */
export function kindOfName(name: string): number {
  return KINDS.get(name) ?? (isName(name) ? REGULAR : FORBIDDEN);
}

function isAllowed(name: string, value: string): boolean {
  return isValue(value) && (name !== "te" || value === "trailers");
}
