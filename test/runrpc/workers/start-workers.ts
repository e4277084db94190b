// Several workers of the real command, and what they say.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { makeFolder } from "../../app/project.ts";
import { startCommand } from "../cli/run-command.ts";

/** How long a state is waited for: what is still missing then is told, in milliseconds. */
const GIVE_UP_MS = 120_000;

/** A line of the log, or what the command says among them. */
export interface Line {
  readonly msg: string;
  readonly worker?: number;
  readonly pid?: number;
  readonly level?: string;
  readonly method?: string;
  readonly url?: string;
  readonly developmentKey?: string;
  readonly page?: string;
  readonly workers?: unknown;
}

/** A running `runrpc serve --workers`. */
export interface Workers {
  readonly url: string;
  readonly key: string;
  readonly primary: number;
  /** All that was said so far. */
  readonly lines: readonly Line[];
  /** Resolves when as many lines match. */
  until(what: string, matches: (line: Line) => boolean, count?: number): Promise<readonly Line[]>;
  /** The processes of the workers at this moment. */
  pids(): readonly number[];
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code and the signal of the primary. */
  readonly ended: Promise<readonly [number | null, string | null]>;
}

/** Starts workers; resolves when they have said where they listen. */
export async function startWorkers(
  args: readonly string[] = [],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Workers> {
  const child = startCommand(
    ["serve", "--host", "127.0.0.1", "--port", "0", "--workers", "2", "--log-format", "json", ...args],
    { cwd: makeFolder(), ...options },
  );
  const primary = child.pid ?? assert.fail("it has no process");
  const lines: Line[] = [];
  const heard = new Set<() => void>();
  for (const input of [child.stdout, child.stderr])
    createInterface({ input }).on("line", (line) => {
      lines.push(line.startsWith("{") ? JSON.parse(line) : { msg: line });
      for (const hear of heard) hear();
    });
  const ended = once(child, "close") as Promise<[number | null, string | null]>; // as Node documents the event
  after(() => {
    for (const pid of pidsOf(primary)) kill(pid);
    child.kill("SIGKILL"); // where a test fails before it ends them
  });

  async function until(what: string, matches: (line: Line) => boolean, count = 1): Promise<readonly Line[]> {
    const giveUp = AbortSignal.timeout(GIVE_UP_MS);
    for (;;) {
      const found = lines.filter(matches);
      if (found.length >= count) return found;
      const said = Promise.withResolvers<void>();
      heard.add(said.resolve);
      giveUp.addEventListener("abort", () => said.resolve());
      const isOver = await Promise.race([said.promise, ended.then(() => true)]);
      heard.delete(said.resolve);
      if (isOver === true || giveUp.aborted)
        assert.fail(
          `${found.length} of ${count} times: ${what}\n${lines.map((line) => JSON.stringify(line)).join("\n")}`,
        );
    }
  }

  const [first] = await until("it listens", ({ url }) => url !== undefined);
  return {
    url: first?.url ?? assert.fail(),
    key: first?.developmentKey ?? "",
    primary,
    lines,
    until,
    pids: () => pidsOf(primary),
    signal: (name) => void child.kill(name),
    ended,
  };
}

/** The children of a process that run. */
export function pidsOf(parent: number): readonly number[] {
  const folder = `/proc/${parent}/task`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((task) => {
    try {
      return readFileSync(join(folder, task, "children"), "utf8")
        .split(" ")
        .filter(Boolean)
        .map(Number);
    } catch {
      return []; // the thread has ended
    }
  });
}

/** Resolves when none of these processes runs any more. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  const giveUpAtMs = performance.now() + GIVE_UP_MS;
  for (;;) {
    const left = pids.filter(isRunning);
    if (left.length === 0) return;
    assert.ok(performance.now() < giveUpAtMs, `these processes are still there: ${left.join(" ")}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isRunning(pid: number): boolean {
  try {
    // A process that nobody has asked about yet is a zombie.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Ends a process, where it is still there. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/**
 * A folder with an application of its own, in a file that a test may write again: `app` is the tests' own, a function that imports it.
 */
export function makeProject(source: string): { readonly cwd: string; write(source: string): void } {
  const cwd = makeFolder();
  const file = join(cwd, "main.mjs");
  const app = relative(cwd, join(import.meta.dirname, "../../app/main.ts"));
  const write = (text: string): void =>
    writeFileSync(file, `const load = async () => (await import("${app}")).default;\n${text}\n`);
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ type: "module", runrpc: { main: "main.mjs" } }));
  write(source);
  return { cwd, write };
}
