import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { project } from "../../app/project.ts";

const launcher = fileURLToPath(new URL("../../../src/runrpc/launch.js", import.meta.url));

/** How a command is run. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Default: a project whose application is the tests' own. */
  readonly cwd?: string;
  /** The script to start, where it is not the launcher. */
  readonly script?: string;
}

/** What a command left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts `runrpc` as its own process, without the caller's RUNRPC_ variables and colours. The engine that `npm test` was
 * told to take stays.
 */
export function startCommand(
  args: readonly string[],
  options: RunOptions = {},
): ChildProcessWithoutNullStreams {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(RUNRPC_(?!HTTP2$)|NODE_|NO_COLOR|FORCE_COLOR)/.test(name),
  );
  return spawn(process.execPath, [options.script ?? launcher, ...args], {
    cwd: options.cwd ?? project,
    env: { ...Object.fromEntries(inherited), ...options.env },
  });
}

/** Runs `runrpc` to its end. */
export async function runCommand(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const child = startCommand(args, options);
  child.stdin.on("error", () => {}); // it may end before it has read all
  child.stdin.end(options.stdin ?? "");
  const [[code], stdout, stderr] = await Promise.all([
    once(child, "close") as Promise<[number | null]>, // as node documents the event
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}
