import type { App } from "../../main.ts";

/** What the commands use of the composition root. */
export type AppModule = typeof import("../../main.ts");

/** What is told of a server that has just started. */
export type StartedApp = Pick<App, "url" | "created" | "developmentKey" | "exampleMethod">;

/** The table of keys, open. */
export type KeyAdmin = Awaited<ReturnType<AppModule["openKeys"]>>;

/** What is known of a key. The key itself is not among it. */
export type KeyInfo = Awaited<ReturnType<KeyAdmin["list"]>>[number];

/** A key that was just made, to be shown this once. */
export type IssuedKey = Awaited<ReturnType<KeyAdmin["create"]>>;

/** Imports the composition root when a command needs it, so that `--help` does not load the server. */
export function loadApp(): Promise<AppModule> {
  return import("../../main.ts");
}
