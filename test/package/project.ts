import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import type { Host } from "./host.ts";

/** Runs a program in a folder to its end, on a host, and gives what it printed. Rejects when it ends with another code than 0. */
export async function runIn(
  folder: string,
  { env }: Host,
  program: string,
  ...args: string[]
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder, env, maxBuffer: 1 << 26 });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string }; // as execFile rejects
    throw new Error(
      `${program} ${args.join(" ")}: ${error}\n${stdout.slice(-20_000)}\n${stderr.slice(-20_000)}`,
    );
  }
}

/** A project's server, as a process. */
export interface Serving {
  readonly url: string;
  readonly key: string;
  /** What it has printed at its start. */
  readonly output: string;
  /** Ends it, and gives the exit code. */
  stop(): Promise<unknown>;
}

/** Starts a program of a project that serves, and waits until it listens. */
export async function serveIn(
  folder: string,
  { env }: Host,
  program: string,
  ...args: string[]
): Promise<Serving> {
  const child = spawn(program, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const listens = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      // The key and the lines to try, where there are any, come with the same write.
      const url = /listens on (\S+)\n/.exec(output)?.[1];
      if (url !== undefined) listens.resolve(url);
    });
  }
  const exit = once(child, "close");
  void exit.then(() => listens.reject(new Error(`it ended: ${output}`)));
  const url = await listens.promise;
  return {
    url,
    key: /rr_\w{8}_[\w-]{43}/.exec(output)?.[0] ?? "",
    output,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) assert.ok(child.kill("SIGTERM"));
      const [code, signal] = await exit;
      return code ?? signal;
    },
  };
}
