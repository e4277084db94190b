import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { heldBytes, memoryOf, noMemory } from "../wire/memory.ts";
import { type ServeProcess, serve } from "../wire/process.ts";
import type { Arena } from "./row.ts";
import { listUsers, startWitness, type WitnessCall } from "./witness.ts";

/** How a server under attack is started, and what it may suffer. Bytes and milliseconds. */
export interface SubjectOptions {
  /** Flags of `runrpc serve`. */
  readonly flags?: readonly string[];
  /** What a call of the good client may take while the attack goes on. false: no good client is there. */
  readonly witnessMs?: number | false;
  /** Lines of level error that are no fault. */
  readonly mayLog?: RegExp;
  /** What the process may hold more after the attack than before it, garbage aside. */
  readonly growthBytes?: number;
  /** What it may have held more at its peak. Default: not looked at. */
  readonly peakBytes?: number;
}

/** A server under attack. */
export interface Subject extends ServeProcess, Watched {
  readonly folder: string;
}

/** Two cores that run an attacker, a witness and a server. */
const WITNESS_MS = 2_500;
/** The same beside other tests, on a machine that may be busy: it is answered. */
const BUSY_WITNESS_MS = 25_000;
/** What a process may hold more after an attack, where its row says nothing else. */
export const GROWTH_BYTES = 64e6;
/** And where its file grows beyond what a connection keeps of it, 16 MiB: a writer does, and at most four readers. */
export const PAGE_CACHES_BYTES = 5 * 2 ** 24;

/** Starts a server in a folder of its own; what has to hold of it is tried at the end of the row. */
export async function startSubject(arena: Arena, options: SubjectOptions): Promise<Subject> {
  const folder = await mkdtemp(join(tmpdir(), "runrpc-abuse-"));
  arena.after(() => rm(folder, { recursive: true, force: true }));
  const quiet = ["--log-level", "error", "--log-format", "json"];
  const server = await serve(folder, ...arena.flags, ...quiet, ...(options.flags ?? []));
  const watched = await watchProcess(arena, server, listUsers(server.key), options);
  return { ...server, ...watched, folder };
}

/** A process that is under attack, whatever serves in it. */
export interface Watched {
  /** What it has written to standard output since it listens. */
  log(): string;
  /** Lines of its log at level error and above: a client must not cause one. */
  errorLines(): readonly string[];
  /** Bytes of memory that it has taken more than before the attack, garbage among them: at this moment, and at the most. */
  grown(): Promise<{ readonly bytes: number; readonly peakBytes: number }>;
  /** Bytes of memory that it holds more than before the attack when its garbage is gone. */
  held(): Promise<number>;
}

/** Puts a good client beside a process, and tries at the end of the row what has to hold of both. */
export async function watchProcess(
  arena: Arena,
  { child, port }: { readonly child: ChildProcess; readonly port: number },
  call: WitnessCall,
  options: SubjectOptions,
): Promise<Watched> {
  const { witnessMs = WITNESS_MS, growthBytes = GROWTH_BYTES, mayLog } = options;
  const { peakBytes = Number.POSITIVE_INFINITY } = options;
  arena.after(() => void child.kill("SIGKILL"));
  let log = "";
  child.stdout?.on("data", (text: string) => {
    log += text;
  });
  const witness = witnessMs === false ? undefined : await startWitness(port, call);
  const heldBefore = noMemory ? 0 : await heldBytes(child);
  witness?.watch();
  const watched: Watched = {
    log: () => log,
    errorLines: () => errorLinesIn(log).filter((line) => mayLog?.test(line) !== true),
    async grown() {
      if (noMemory) return { bytes: 0, peakBytes: 0 };
      const at = await memoryOf(child);
      return { bytes: at.bytes - heldBefore, peakBytes: at.peakBytes - heldBefore };
    },
    held: async () => (noMemory ? 0 : (await heldBytes(child)) - heldBefore),
  };
  if (witness !== undefined && witnessMs !== false) {
    arena.after(async () => {
      await arena.attempt("a good client beside it", async () => {
        const { calls, p99Ms, worstMs, failures } = await witness.stop();
        arena.note(`a good client beside it: ${calls} calls, p99 ${p99Ms} ms, the slowest ${worstMs} ms`);
        assert.deepEqual(failures, []);
        const boundMs = arena.isWhole ? witnessMs : BUSY_WITNESS_MS;
        assert.ok(calls > 0 && worstMs <= boundMs, `${calls} calls, the slowest took ${worstMs} ms`);
      });
      const status = child.exitCode ?? child.signalCode;
      await arena.attempt("the process", () => assert.equal(status, null, log.slice(-2_000)));
      await arena.attempt("no error line", () => assert.deepEqual(watched.errorLines().slice(0, 3), []));
      if (status !== null || noMemory) return;
      await arena.attempt("its memory", async () => {
        const { peakBytes: peak } = await watched.grown();
        const held = await watched.held();
        assert.ok(held <= growthBytes, `${megabytes(held)} more than before`);
        assert.ok(peak <= peakBytes, `${megabytes(peak)} more at its peak`);
      });
    });
  }
  return watched;
}

function errorLinesIn(output: string): readonly string[] {
  return output.split("\n").filter((line) => /^\{"level":"(error|fatal)"/.test(line));
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
