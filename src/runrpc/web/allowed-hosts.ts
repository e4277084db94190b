import { isIP } from "node:net";
import { hostNameOf } from "../server/http/host-name.ts";

/**
 * Tells whether a page may be asked for under this `Host` or `:authority`. A page of a stranger can have its own name lead
 * to this machine (DNS rebinding), and would then be of one origin with ours: so only addresses, `localhost`, and the names
 * that the operator gives are taken.
 *
 * @throws Error that names an entry which is no host name, such as one with a port: it would never be met.
 */
export function createHostCheck(
  hosts: readonly string[],
): (authority: string | readonly string[] | undefined) => boolean {
  for (const host of hosts)
    if (!/^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/.test(host))
      throw new Error(
        `web.hosts names ${JSON.stringify(host.slice(0, 100))}: it takes host names such as api.example.com, without scheme and port`,
      );
  const named = new Set(hosts.map((host) => host.toLowerCase()));
  return (authority) => {
    const host = hostNameOf(authority);
    return host === "localhost" || host.endsWith(".localhost") || isIP(host) !== 0 || named.has(host);
  };
}
