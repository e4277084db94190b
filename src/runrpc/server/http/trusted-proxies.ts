import { BlockList } from "node:net";
import { canonicalAddress } from "./forwarded.ts";

/** How `server.trusted_proxies` and the peer of a call name whoever comes by a Unix socket, who has no address. */
export const UNIX_PEER = "unix";

/**
 * Reads a list of addresses, CIDRs and `unix` into a predicate of canonical addresses.
 *
 * @throws Error that names the entry which is none of these, and what is wrong with it.
 */
export function createTrustedProxies(entries: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  let hasUnix = false;
  for (const entry of entries) {
    if (entry.trim() === UNIX_PEER) hasUnix = true;
    else add(list, entry);
  }
  return (address) => {
    if (address === UNIX_PEER) return hasUnix;
    const [plain = ""] = address.split("%"); // the zone of a link-local address
    return list.check(plain, plain.includes(":") ? "ipv6" : "ipv4");
  };
}

function add(list: BlockList, entry: string): void {
  const [text = "", prefix, ...rest] = entry.trim().split("/");
  const address = canonicalAddress(text);
  if (address === undefined || rest.length > 0)
    throw refusal(entry, "expected is an address, a CIDR such as 10.0.0.0/8 or fd00::/8, or unix");
  const family = address.includes(":") ? "ipv6" : "ipv4";
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8: an IPv4 address written as IPv6 has 96 bits before its own.
  const mappedBits = family === "ipv4" && text.includes(":") ? 96 : 0;
  const maxBits = family === "ipv4" ? 32 : 128;
  if (prefix === undefined) {
    list.addAddress(address, family);
    return;
  }
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) - mappedBits : Number.NaN;
  if (!(bits >= 0 && bits <= maxBits))
    throw refusal(entry, `its prefix is a number from ${mappedBits} to ${maxBits + mappedBits}`);
  list.addSubnet(address, bits, family);
}

function refusal(entry: string, what: string): Error {
  return new Error(`server.trusted_proxies: ${JSON.stringify(entry.slice(0, 100))} cannot be read: ${what}`);
}
