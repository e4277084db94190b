import type { Writable } from "node:stream";
import type { LoadedConfig } from "../config/config.ts";
import type { StartedApp } from "./app.ts";
import { style } from "./io.ts";
import { packageVersion } from "./version.ts";

/** Told by an application that serves nothing but health and reflection. */
const noServices = [
  "",
  "There is no service yet. Add one:  npx runrpc add service parcels.v1.ParcelService",
  "or write it, and name it in the `services` of defineApp, in src/main.ts.",
];

/** What `serve` says once it listens: where, and at the first start the development key and lines to try it with. */
export function welcomeText(app: StartedApp, loaded: LoadedConfig, stream: Writable): string {
  const { config, production } = loaded;
  const { url } = app;
  const by = app.workers === undefined ? "" : ` with ${app.workers} workers`;
  const text = [`runrpc ${packageVersion()} listens on ${style(stream, "bold", url)}${by}`];
  if (app.pageLink !== undefined)
    text.push("", "Look it over and call it from a browser:", "", `  ${style(stream, "cyan", app.pageLink)}`);
  if (app.services.length === 0) text.push(...noServices);
  if (app.skeletons.length > 0)
    text.push(
      "",
      "To be written, until then UNIMPLEMENTED:",
      ...app.skeletons.map((method) => `  ${method}`),
    );
  if (app.created) text.push("", `The database ${app.database} was made.`);
  if (app.developmentKey === undefined) {
    if (!app.created) return `${text.join("\n")}\n`;
    text.push(
      production
        ? "No development key was made, because NODE_ENV is production."
        : "It has no development key.",
      "Make a key:  runrpc keys create --user <email> --new-user --scope '*'",
    );
  } else {
    if (!app.created) text.push("", `The database ${app.database} has no key yet.`);
    text.push(
      "Its development key works from this machine only, and is shown this once:",
      "",
      `  ${style(stream, "green", app.developmentKey)}`,
    );
    const { exampleMethod, developmentKey } = app;
    const lines =
      exampleMethod === undefined
        ? []
        : exampleLines(exampleMethod, developmentKey, url, config.server.reflection);
    if (lines.length > 0 && config.tls.clientCaFile === "") text.push("", "Try it:", "", ...lines);
  }
  return `${text.join("\n")}\n\n`;
}

/** A curl line, and a grpcurl line where reflection is on, because grpcurl learns the schema from it. */
function exampleLines(method: string, key: string, url: string, reflection: boolean): string[] {
  if (url.startsWith("unix:")) return unixLines(method, key, url.slice("unix:".length), reflection);
  const [protocol, host] = url.split("://"); // not URL, which drops the port 443
  const tls = protocol === "https";
  const curl = `curl ${tls ? "-k " : ""}-H 'x-api-key: ${key}' -H 'content-type: application/json' -d '{}' ${url}/${method}`;
  const grpcurl = `grpcurl ${tls ? "-insecure" : "-plaintext"} -H 'x-api-key: ${key}' -d '{}' ${host} ${method}`;
  return [`  ${curl}`, ...(reflection ? ["", `  ${grpcurl}`] : [])];
}

/** The same for a Unix socket. */
function unixLines(method: string, key: string, path: string, reflection: boolean): string[] {
  const curl = `curl --unix-socket '${path}' -H 'x-api-key: ${key}' -H 'content-type: application/json' -d '{}' http://localhost/${method}`;
  const grpcurl = `grpcurl -plaintext -unix -H 'x-api-key: ${key}' -d '{}' '${path}' ${method}`;
  return [`  ${curl}`, ...(reflection ? ["", `  ${grpcurl}`] : [])];
}
