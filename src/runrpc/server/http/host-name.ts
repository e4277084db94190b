/**
 * The host in a `Host` or `:authority`, without port and brackets and in lower case; empty for what names none. A page of a
 * stranger can have its own name lead to this machine (DNS rebinding): by this it is told from a name of ours.
 */
export function hostNameOf(authority: string | readonly string[] | undefined): string {
  if (typeof authority !== "string") return "";
  const [, address, name] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(authority) ?? [];
  return (address ?? name ?? "").toLowerCase();
}
