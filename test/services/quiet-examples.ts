import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startCommand } from "../runrpc/cli/run-command.ts";
import { createRandom } from "../runrpc/server/lanes/differential/random.ts";
import { createVisitor } from "./quiet-visits.ts";

export interface QuietOptions {
  /** For the database. */
  readonly folder: string;
  /** How many call at a time. */
  readonly callers: number;
  /** The longest pause of a caller between two calls, in milliseconds. */
  readonly maxPauseMs: number;
  /** Keeps every processor busy meanwhile, by other processes. */
  readonly isMachineBusy: boolean;
  /** Replaces what is held to be long, by the names of the environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Asked after each call. */
  readonly isOver: (calls: number) => boolean;
}

/** What was seen of the examples in debug mode. */
export interface QuietResult {
  readonly calls: number;
  /** The first ones. */
  readonly failures: readonly string[];
  /** What debug mode has named, as it stands in the log: faults of the examples, or false alarms. */
  readonly named: readonly string[];
  /** How often it said that the machine was busy, which is nobody's fault. */
  readonly machineBusy: number;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const MAX_FAILURES = 5;

/** Serves the example services with `--debug`, in a process of their own, under all kinds of calls. */
export async function runQuiet(options: QuietOptions): Promise<QuietResult> {
  const database = join(options.folder, "examples.sqlite");
  const flags = ["--host", "127.0.0.1", "--port", "0", "--log", "errors", "--log-format", "json"];
  const server = startCommand(["serve", "--debug", "--database", database, ...flags], {
    cwd: root,
    env: options.environment ?? {},
  });
  server.stderr.pipe(process.stderr);
  const ended = once(server, "close");
  const named: string[] = [];
  const failures: string[] = [];
  let machineBusy = 0;
  let calls = 0;
  const ready = Promise.withResolvers<{ readonly url: string; readonly key: string }>();
  void ended.then(([code]) => ready.reject(new Error(`the server ended with ${code}`)));
  createInterface(server.stdout).on("line", (line) => {
    const { url, developmentKey, finding, count = 1 } = JSON.parse(line);
    if (typeof url === "string") ready.resolve({ url, key: String(developmentKey) });
    if (finding === "machine_busy") machineBusy = count;
    else if (finding !== undefined) named.push(line);
  });
  const { url, key } = await ready.promise;
  const busy = options.isMachineBusy ? occupyProcessors() : [];
  try {
    await Promise.all(
      Array.from({ length: options.callers }, async (_, caller) => {
        const random = createRandom(caller);
        using visitor = createVisitor(url, key, caller);
        while (!options.isOver(calls)) {
          try {
            await random.pick(visitor.visits)();
          } catch (failure) {
            if (failures.length < MAX_FAILURES) failures.push(String(failure));
          }
          calls++;
          await pause(random.below(options.maxPauseMs));
        }
      }),
    );
  } finally {
    for (const process of busy) process.kill("SIGKILL");
    server.kill("SIGTERM");
  }
  assert.equal((await ended)[0], 0);
  return { calls, failures, named, machineBusy };
}

function occupyProcessors(): readonly ChildProcess[] {
  const loop = ["--eval", "for (;;);"];
  return Array.from({ length: availableParallelism() }, () => spawn(process.execPath, loop));
}
