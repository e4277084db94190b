import { isIPv4, isIPv6 } from "node:net";
import { UNIX_PEER } from "../http/trusted-proxies.ts";

/** True for a peer on this machine: 127.0.0.0/8, ::1, the IPv4 ones written as IPv6, and a Unix socket. */
export function isLoopback(address: string): boolean {
  if (address === "127.0.0.1" || address === "::1" || address === UNIX_PEER) return true;
  const plain = withoutMapping(address);
  return plain.startsWith("127.") && isIPv4(plain);
}

/**
 * What limits for each address count by: an IPv4 address, or the /64 network of an IPv6 address, since whoever holds
 * one address of such a network commonly holds all of them. Anything else stands for itself.
 */
export function networkOf(address: string): string {
  const plain = withoutMapping(address);
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("%", 1).join("").split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const end = tail === "" ? [] : tail.split(":");
    while (groups.length + end.length < 8) groups.push("0");
    groups.push(...end);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

function withoutMapping(address: string): string {
  const plain = address.startsWith("::ffff:") ? address.slice(7) : address;
  return isIPv4(plain) ? plain : address;
}
