import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { makeFolder as makeProjectFolder } from "../app/project.ts";
import { startCommand } from "../runrpc/cli/run-command.ts";
import { collecting } from "./memory.ts";

/** `runrpc serve` of the tests' application, as its own process over its own database. */
export interface ServeProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly url: string;
  readonly port: number;
  /** Such as `localhost:41233`, for clients that take no URL. */
  readonly address: string;
  /** The development key; empty at a later start over the same database. */
  readonly key: string;
  /** The database file. */
  readonly file: string;
  /** What it has written so far, to both streams. */
  output(): string;
  /** Sends SIGTERM and gives the exit code, or the name of the signal that ended it. */
  stop(): Promise<number | string>;
  /** Waits for the end. */
  readonly exit: Promise<number | string>;
}

/** A folder for databases, which goes with its test. */
export async function makeFolder(t: Pick<TestContext, "after">): Promise<string> {
  const folder = makeProjectFolder();
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** Starts the server over the database of a folder, on a free port, and waits until it listens. */
export async function serve(folder: string, ...args: string[]): Promise<ServeProcess> {
  const file = join(folder, "db.sqlite");
  const flags = ["--host", "127.0.0.1", "--port", "0", "--database", file, "--log-level", "fatal"];
  const child = startCommand(["serve", ...flags, ...args], { env: { NODE_OPTIONS: collecting } });
  let output = "";
  const listens = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const url = /listens on (http[^\s"]+)"?\}?\n/.exec(output)?.[1];
      // The key, where there is one, comes with the last line of the same write.
      if (url !== undefined) listens.resolve(url);
    });
  }
  const exit = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string); // as node documents it
  void exit.then((code) => listens.reject(new Error(`the server ended with ${code}: ${output}`)));
  const url = await listens.promise;
  const { port, host } = new URL(url);
  return {
    child,
    url,
    port: Number(port),
    address: host,
    key: /(?:^ {2}|"developmentKey":")(rr_[\w-]+)"?/m.exec(output)?.[1] ?? "",
    file,
    output: () => output,
    exit,
    async stop() {
      child.kill("SIGTERM");
      return await exit;
    },
  };
}
