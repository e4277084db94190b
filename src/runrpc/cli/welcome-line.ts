import type { LoadedConfig } from "../config/config.ts";
import type { StartedApp } from "./app.ts";
import { packageVersion } from "./version.ts";

/**
 * Whether what `serve` says stands among JSON lines, and has to be one. With `auto` a person may still be looking for the
 * development key, at the other end of a pipe.
 */
export function speaksJson({ config }: LoadedConfig): boolean {
  return config.log.format === "json";
}

/** A line as the log writes it. */
export function jsonLine(msg: string, fields: Readonly<Record<string, unknown>> = {}): string {
  return `${JSON.stringify({ level: "info", time: new Date().toISOString(), ...fields, msg })}\n`;
}

/** What `welcomeText` tells, as a line of the log. The development key is kept nowhere, so it is told here too. */
export function welcomeLine({
  url,
  created,
  database,
  developmentKey,
  pageLink,
  skeletons,
  workers,
}: StartedApp): string {
  return jsonLine(`runrpc ${packageVersion()} listens on ${url}`, {
    url,
    ...(workers === undefined ? {} : { workers }),
    ...(skeletons.length === 0 ? {} : { toBeWritten: skeletons }),
    ...(pageLink === undefined ? {} : { page: pageLink }),
    ...(created ? { createdDatabase: database } : {}),
    ...(developmentKey === undefined ? {} : { developmentKey }),
  });
}
