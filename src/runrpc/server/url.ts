import type { Listener } from "./listener/listen.ts";

/** The address for a client on this machine, such as `http://localhost:50051` or `unix:/run/app.sock`. */
export function urlOf({ host, port, encrypted }: Pick<Listener, "host" | "port" | "encrypted">): string {
  return host.startsWith("unix:") ? host : `${encrypted ? "https" : "http"}://${clientHost(host)}:${port}`;
}

function clientHost(host: string): string {
  if (host === "::" || host === "0.0.0.0") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
