import { isName, isValue } from "../header-text.ts";
import { STATIC_INDEX } from "./static-table.ts";

/**
 * Names whose values repeat from one response to the next. They alone are put into the table: indexed, the ids of
 * former calls would push out what repeats.
 */
const REPEATING: readonly string[] = [
  "access-control-allow-origin",
  "access-control-expose-headers",
  "cache-control",
  "connect-accept-encoding",
  "connect-content-encoding",
  "content-encoding",
  "content-type",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-status",
  "server",
  "trailer",
  "vary",
];

/** What a proxy must not index either (RFC 7541, 6.2.3): each call has another one, or it is a secret. */
const NEVER_INDEXED: ReadonlySet<string> = new Set(["authorization", "set-cookie", "x-request-id"]);

/** RFC 9113, 8.2.2. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** What an error shows of a value. */
const SHOWN_CHARACTERS = 40;

/** A header that responses may have, by its name: what is looked at and looked up once. A class, for one hidden shape. */
export class OutgoingField {
  readonly name: string;
  /** Among the names whose values repeat; -1: they do not. */
  readonly place: number;
  /** In HPACK's static table; 0: it is not there. */
  readonly staticIndex: number;
  /** The first bits of a literal that does not go into the table (RFC 7541, 6.2.2 and 6.2.3). */
  readonly literalBits: number;
  /** The value that was found to be one last. */
  #good: string | undefined = undefined;

  /** @throws TypeError for a name that HTTP/2 does not allow in a response. */
  constructor(name: string) {
    if (!isName(name) || OF_CONNECTION.has(name))
      throw new TypeError(`${quote(name)} is not the name of a header that HTTP/2 can send`);
    this.name = name;
    this.place = REPEATING.indexOf(name);
    this.staticIndex = STATIC_INDEX.get(name) ?? 0;
    this.literalBits = NEVER_INDEXED.has(name) ? 0x10 : 0x00;
  }

  /** @throws TypeError for a value that HTTP does not allow. */
  check(value: string): void {
    if (value === this.#good) return;
    if (!isValue(value)) throw new TypeError(`${quote(value)} is no value for the header ${this.name}`);
    if (this.place !== -1) this.#good = value;
  }
}

const known = new Map(REPEATING.map((name) => [name, new OutgoingField(name)]));

/** Names that handlers have made up are kept up to this number. */
const MAX_KNOWN = 128;

/** @throws TypeError for a name that HTTP/2 does not allow in a response. */
export function outgoingField(name: string): OutgoingField {
  const before = known.get(name);
  if (before !== undefined) return before;
  const field = new OutgoingField(name);
  if (known.size < MAX_KNOWN) known.set(name, field);
  return field;
}

function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text);
}
