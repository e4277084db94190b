import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A server under test in a process of its own. */
export interface Peer {
  readonly port: number;
  /** An API key, of a server that wants one. */
  readonly key: string | undefined;
  /** Sends a command (see control.ts) and gives its answer. */
  ask(command: string): Promise<Readonly<Record<string, unknown>>>;
  /** CPU time of all threads so far, in microseconds, and resident memory; `gc` collects garbage first. */
  stats(command?: "stats" | "gc"): Promise<{ readonly cpuUs: number; readonly rssBytes: number }>;
  stop(): Promise<void>;
}

/** How to start one. A command that ends in .ts or .js is run by this Node. */
export type PeerCommand = readonly [command: string, ...args: string[]];

/**
 * Starts a server, with `environment` on top of this process's; rejects when it ends before it listens. Its standard
 * output goes nowhere.
 */
export async function startPeer(
  [command, ...args]: PeerCommand,
  environment: Readonly<Record<string, string>> = {},
): Promise<Peer> {
  const isScript = /\.[jt]s$/.test(command);
  const options = { stdio, env: { ...process.env, ...environment } };
  const child = isScript
    ? spawn(
        process.execPath,
        ["--expose-gc", "--no-warnings", "--conditions=runrpc-source", command, ...args],
        options,
      )
    : spawn(command, args, options);
  const exited = Promise.withResolvers<void>();
  const waiting: PromiseWithResolvers<Record<string, unknown>>[] = [];
  const end = (reason: Error): void => {
    exited.resolve();
    for (const answer of waiting.splice(0)) answer.reject(reason);
  };
  child.once("error", end);
  child.once("exit", (code) => end(new Error(`${command} ${args.join(" ")} ended with ${code}`)));
  // The fourth of `stdio` is a pipe that the child writes to.
  const lines = createInterface({ input: child.stdio[3] as Readable });
  lines.on("line", (line) => waiting.shift()?.resolve(JSON.parse(line) as Record<string, unknown>));
  const answer = (): Promise<Record<string, unknown>> => {
    const next = Promise.withResolvers<Record<string, unknown>>();
    waiting.push(next);
    return next.promise;
  };
  const { port, key } = await answer();
  const ask = (line: string): Promise<Record<string, unknown>> => {
    child.stdin?.write(`${line}\n`);
    return answer();
  };
  return {
    port: Number(port),
    key: typeof key === "string" ? key : undefined,
    ask,
    async stats(line = "stats") {
      const { cpuUs, rssBytes } = await ask(line);
      return { cpuUs: Number(cpuUs), rssBytes: Number(rssBytes) };
    },
    async stop() {
      child.stdin?.end();
      await exited.promise;
    },
  };
}

const stdio: ["pipe", "ignore", "inherit", "pipe"] = ["pipe", "ignore", "inherit", "pipe"];
