import {
  AUTHORITY,
  CONTENT_LENGTH,
  COOKIE,
  type Field,
  FORBIDDEN,
  METHOD,
  PATH,
  REGULAR,
  SCHEME,
} from "./field.ts";

/** Headers by name, the pseudo-headers among them; several of one name are joined as RFC 9110, 5.3 has it. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>;

/** Without the names of Object.prototype, and, unlike what `Object.create(null)` makes, as fast as an instance of a class. */
function HeaderMap(): void {}
HeaderMap.prototype = Object.create(null);
const NewHeaderMap = HeaderMap as unknown as new () => Record<string, string | undefined>; // a plain function can be called by `new`

const REQUIRED = (1 << METHOD) | (1 << SCHEME) | (1 << PATH);
const OF_CONNECT = (1 << METHOD) | (1 << AUTHORITY);

/**
 * A decoded header block, of a request or of its trailers, and what is wrong with it. A class, because every request
 * makes one: one hidden shape. Blocks that repeat share one, so that nobody may change its headers.
 */
export class RequestHead {
  readonly headers: RequestHeaders;
  /** Of the request (RFC 9113, 8.1.1 and 8.3.1), or of the limits on headers. */
  problem: "malformed" | "too-large" | undefined = undefined;
  /** -1 where none is named. */
  contentLength = -1;
  /** Names and values, and 32 more for each header (RFC 9113, 6.5.2). */
  bytes = 0;
  pairs = 0;
  /** What its taker has made of it, kept for the requests that repeat it. */
  memo: unknown = undefined;
  readonly #map: Record<string, string | undefined>;
  /** A bit for each pseudo-header that was there. */
  #pseudo = 0;
  #hasRegular = false;

  constructor() {
    this.#map = new NewHeaderMap();
    this.headers = this.#map;
  }

  get hasPseudo(): boolean {
    return this.#pseudo !== 0;
  }

  get isHead(): boolean {
    return this.headers[":method"] === "HEAD";
  }

  add({ name, value, kind }: Field): void {
    if (kind < REGULAR) {
      this.#addPseudo(name, value, 1 << kind);
      return;
    }
    if (kind === FORBIDDEN) {
      this.problem = "malformed";
      return;
    }
    this.#hasRegular = true;
    const before = this.#map[name];
    if (kind === CONTENT_LENGTH) this.#addLength(value);
    else if (before === undefined) this.#map[name] = value;
    else this.#map[name] = kind === COOKIE ? `${before}; ${value}` : `${before}, ${value}`;
  }

  /** Every header was added. */
  finish(): void {
    if (this.#pseudo === 0) return;
    if (this.headers[":method"] === "CONNECT") {
      if (this.#pseudo !== OF_CONNECT) this.problem = "malformed"; // RFC 9113, 8.5
    } else if ((this.#pseudo & REQUIRED) !== REQUIRED || this.headers[":path"] === "")
      this.problem = "malformed";
  }

  #addPseudo(name: string, value: string, bit: number): void {
    if (this.#hasRegular || (this.#pseudo & bit) !== 0) this.problem = "malformed";
    this.#pseudo |= bit;
    this.#map[name] = value;
  }

  #addLength(value: string): void {
    const length = /^\d{1,15}$/.test(value) ? Number(value) : -1;
    if (length === -1 || (this.contentLength !== -1 && this.contentLength !== length))
      this.problem = "malformed";
    this.contentLength = length;
    this.#map["content-length"] = value;
  }
}
