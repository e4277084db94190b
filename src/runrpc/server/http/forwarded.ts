import type { IncomingHttpHeaders } from "node:http";
import { isIPv4, isIPv6, SocketAddress } from "node:net";

/** Hops of a chain that are looked at, from the nearest on. Real chains have two or three. */
const MAX_HOPS = 32;
/** The longest node that is looked at: a quoted IPv6 address with a port has less. */
const MAX_NODE_LENGTH = 64;

/**
 * The client behind a trusted proxy: in the chain of `x-forwarded-for`, or of `forwarded` (RFC 7239), the last address
 * that no trusted proxy has. Each proxy appends the address that it was called from, so what stands to the left of a
 * stranger is the stranger's word.
 *
 * The walk ends at what is no address (`unknown`, `_hidden`, anything malformed) and at 32 hops, with the proxy that
 * wrote it. Where both headers are there and name different clients, one of them was sent by the client and passed on:
 * neither is believed, and the proxy stands for its client.
 */
export function clientBehind(
  proxy: string,
  headers: IncomingHttpHeaders,
  isTrusted: (address: string) => boolean,
): string {
  const list = headers["x-forwarded-for"];
  const { forwarded } = headers;
  const byList = list === undefined ? undefined : walk(proxy, String(list), nodeAddress, isTrusted);
  if (forwarded === undefined) return byList ?? proxy;
  const byElements = walk(proxy, forwarded, elementAddress, isTrusted);
  return byList === undefined || byList === byElements ? byElements : proxy;
}

/**
 * True when something between the client and this server says that it passed the request on. A loopback peer with one
 * of these headers is a proxy on this machine, and its client may be anywhere.
 */
export function isForwarded(headers: IncomingHttpHeaders): boolean {
  const known = judged.get(headers);
  if (known !== undefined) return known;
  const found = Object.keys(headers).some((name) => FORWARDING.test(name));
  if (Object.isFrozen(headers)) judged.set(headers, found);
  return found;
}

/** Headers that many requests share, and that nobody can change any more (see `http2/hpack/block-cache.ts`). */
const judged = new WeakMap<IncomingHttpHeaders, boolean>();

/** What the well-known proxies, load balancers and networks add. */
const FORWARDING =
  /^(?:via|cdn-loop|(?:x-)?forwarded(?:-.+)?|(?:x-original|x-envoy|cf)-.+|(?:.+-)?(?:client|connecting|real|remote|socket|user)-?(?:ip|addr))$/;

/** An address as it is compared and recorded: IPv4 plainly, IPv6 in its shortest form. Undefined: it is none. */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const { address } = new SocketAddress({ address: text, family: "ipv6" });
  return plainAddress(address);
}

/** The address of a socket; an IPv4 one is written plainly on a dual-stack socket too. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}

function walk(
  proxy: string,
  chain: string,
  read: (element: string) => string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  let last = proxy;
  let hops = 0;
  for (const element of fromTheRight(chain)) {
    if (++hops > MAX_HOPS) break;
    if (element === "") continue; // RFC 9110, 5.6.1.2: empty elements of a list are passed over
    const address = read(element);
    if (address === undefined) break;
    last = address;
    if (!isTrusted(address)) break;
  }
  return last;
}

/**
 * The elements of a list, the last one first. Commas in quotes do not divide; quotes are counted from the right, where
 * the proxies wrote, so that a quote which the client left open spoils none of what they wrote.
 */
function* fromTheRight(list: string): Generator<string> {
  let end = list.length;
  let isQuoted = false;
  for (let at = list.length - 1; at >= 0; at--) {
    const letter = list[at];
    if (letter === '"') isQuoted = !isQuoted;
    else if (letter === "," && !isQuoted) {
      yield list.slice(at + 1, end).trim();
      end = at;
    }
  }
  yield list.slice(0, end).trim();
}

/** The address in the one `for=` of a forwarded-element. */
function elementAddress(element: string): string | undefined {
  let node: string | undefined;
  for (const pair of element.match(PAIRS) ?? []) {
    const [name = "", value, ...rest] = pair.split("=");
    if (name.trim().toLowerCase() !== "for") continue;
    // RFC 7239, 4: each parameter at most once.
    if (node !== undefined || value === undefined || rest.length > 0) return undefined;
    node = value.trim();
  }
  return node === undefined ? undefined : nodeAddress(node);
}

/** What semicolons divide, but for those in quotes: a proxy may repeat there what its client sent as a host. */
const PAIRS = /(?:[^;"]|"[^"]*")+/g;

const NODE = /^(?:\[([0-9A-Fa-f:.]+)\]|([\d.]+))(?::(?:\d{1,5}|_[\w.-]+))?$/;

/** `192.0.2.7`, `192.0.2.7:443`, `2001:db8::7`, `[2001:db8::7]:443`, each also in quotes. */
function nodeAddress(node: string): string | undefined {
  if (node.length > MAX_NODE_LENGTH) return undefined;
  const plain = /^"(.*)"$/.exec(node)?.[1] ?? node;
  const match = NODE.exec(plain);
  if (match === null) return isIPv6(plain) ? canonicalAddress(plain) : undefined;
  const [, bracketed, dotted = ""] = match;
  if (bracketed === undefined) return isIPv4(dotted) ? dotted : undefined;
  return isIPv6(bracketed) ? canonicalAddress(bracketed) : undefined;
}
