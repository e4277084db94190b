/** Why a request is answered here and not handed on. `text` is a sentence for the person who sent it. */
export interface Refusal {
  readonly status: 400 | 408 | 413 | 417 | 431 | 501;
  readonly text: string;
}

export interface Guard {
  /**
   * Checks where a request says that it goes. What passes can be made into a URL: `new URL(path, "http://" +
   * authority)` does not throw, on which connect-node 2.2.0 relies without a `try`.
   */
  target(authority: string | undefined, path: string | undefined): Refusal | undefined;
  /** Checks the size of an HTTP/2 request's headers, which Node announces to the peer and does not hold. */
  headerList(rawHeaders: readonly string[]): Refusal | undefined;
  /** The same for an HTTP/1.1 request, whose pairs count what their characters do; its path is none of them. */
  headers(path: string | undefined, rawHeaders: readonly string[]): Refusal | undefined;
}

/** A guard for one listener. */
export function createGuard(maxHeaderBytes: number, maxHeaderPairs: number): Guard {
  // Clients repeat their authority with each request: a comparison is a tenth of a parse.
  let lastGood = "";
  const pairs = (rawHeaders: readonly string[]): Refusal | undefined =>
    rawHeaders.length > 2 * maxHeaderPairs
      ? { status: 431, text: `more than ${maxHeaderPairs} request headers` }
      : undefined;
  return {
    target(authority, path) {
      if (authority !== lastGood || authority === "") {
        if (authority === undefined) return refuse("the request names no host (Host or :authority)");
        if (!isAuthority(authority)) return refuse("Host or :authority is not a host with an optional port");
        lastGood = authority;
      }
      return path !== undefined && isPath(path)
        ? undefined
        : refuse("the path does not start with a single /");
    },
    headers(path = "", rawHeaders) {
      let bytes = path.length;
      for (const part of rawHeaders) bytes += part.length;
      return bytes > maxHeaderBytes
        ? { status: 431, text: `request headers of ${bytes} bytes are above ${maxHeaderBytes} bytes` }
        : pairs(rawHeaders);
    },
    headerList(rawHeaders) {
      // RFC 9113, 6.5.2: 32 bytes for each pair on top of its characters, which HTTP/2 gives us as single bytes.
      let bytes = 16 * rawHeaders.length;
      for (const part of rawHeaders) bytes += part.length;
      if (bytes > maxHeaderBytes) {
        return {
          status: 431,
          text: `request headers of ${bytes} bytes are above the maximum of ${maxHeaderBytes}`,
        };
      }
      return pairs(rawHeaders);
    },
  };
}

function refuse(text: string): Refusal {
  return { status: 400, text };
}

/** The URL parser decides, once what it would read as userinfo, path, query or fragment, or drop, is ruled out. */
function isAuthority(value: string): boolean {
  return /^[^\s/?#@\\]+$/.test(value) && URL.canParse(`http://${value}/`);
}

/** A second slash (or backslash, which URLs take for one) would begin an authority. */
function isPath(path: string): boolean {
  if (path.charCodeAt(0) !== SLASH) return false;
  const second = path.charCodeAt(1);
  return second !== SLASH && second !== BACKSLASH;
}

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
