// One process over an SQLite file against two that write through a third: `node bench/shared-writer.ts`, `--seconds 2` for
// longer runs, `--rounds 5` for more of them. Both kinds are measured in turns; a figure is the median of its rounds. The file
// is in the directory for temporary files, whose disk the writes measure. Only a quiet machine tells: each call crosses four
// times between processes and threads, which wait for a core where others hold it.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openSharedWriter } from "../src/runrpc/data/open-shared-writer.ts";
import { type Finding, printFindings } from "./finding.ts";
import type { Load, Loaded } from "./store/load-process.ts";
import type { Modules } from "./store/worker.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "1" }, rounds: { type: "string", default: "3" } },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);

/** Of all processes together. */
const callers = 64;

interface Figure {
  readonly perSecond: number;
  /** CPU time of all threads of all processes, for each call. */
  readonly cpuMicros: number;
  /** Of that the part of the process that writes for the others. */
  readonly writerMicros: number;
  /** Writes that shared a commit, on average. */
  readonly perCommit: number;
}

/** So many processes, each with its part of the callers. */
interface Kind {
  readonly processes: readonly ChildProcess[];
  measure(what: Load["what"]): Promise<Figure>;
  close(): Promise<void>;
}

async function startKind(count: number, isShared: boolean): Promise<Kind> {
  const folder = await mkdtemp(join(tmpdir(), "runrpc-bench-"));
  const file = join(folder, "bench.sqlite");
  const url = (path: string) => new URL(path, import.meta.url);
  const writer = isShared
    ? await openSharedWriter<Modules>({
        file,
        worker: url("store/worker.ts"),
        migrations: url("store/migrations/"),
      })
    : undefined;
  const script = fileURLToPath(url("store/load-process.ts"));
  const processes = Array.from({ length: count }, () => fork(script, [file, writer?.socket ?? ""]));
  await Promise.all(processes.map((child) => once(child, "message")));
  return {
    processes,
    async measure(what) {
      const cpu = process.cpuUsage();
      const commits = writer?.stats().batches ?? 0;
      const load: Load = { what, callers: callers / count, milliseconds: 1_000 * seconds };
      const loaded = await Promise.all(
        processes.map(async (child): Promise<Loaded> => {
          child.send(load);
          const [message] = await once(child, "message");
          return message;
        }),
      );
      const { user, system } = process.cpuUsage(cpu);
      const sum = (name: keyof Loaded) => loaded.reduce((total, each) => total + each[name], 0);
      const calls = sum("calls");
      const writerMicros = writer === undefined ? 0 : (user + system) / calls;
      const batches = writer === undefined ? sum("batches") : writer.stats().batches - commits;
      return {
        perSecond: calls / seconds,
        cpuMicros: sum("cpuMicros") / calls + writerMicros,
        writerMicros,
        perCommit: calls / Math.max(1, batches),
      };
    },
    async close() {
      for (const child of processes) child.disconnect();
      await Promise.all(processes.map((child) => once(child, "exit")));
      await writer?.close();
      await rm(folder, { recursive: true });
    },
  };
}

function median(figures: readonly Figure[], name: keyof Figure): number {
  const sorted = figures.map((figure) => figure[name]).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function compare(what: Load["what"], single: readonly Figure[], shared: readonly Figure[]): Finding[] {
  const name = what === "insert" ? "durable inserts" : "point reads";
  const [alone, together] = [single, shared].map((figures) => median(figures, "perSecond"));
  const each = (figures: readonly Figure[], of: keyof Figure, text: string, unit: string): Finding => ({
    what: `  ${text}`,
    value: median(figures, of),
    unit,
  });
  const ratio: Finding = {
    what: "  the second by the first",
    value: (together ?? 0) / (alone ?? 1),
    unit: "×",
  };
  return [
    { what: `${name}, ${callers} callers, one process`, value: alone ?? 0, unit: "1/s" },
    each(single, "cpuMicros", "CPU for each", "µs"),
    ...(what === "insert" ? [each(single, "perCommit", "in a commit", "")] : []),
    { what: `${name}, two processes`, value: together ?? 0, unit: "1/s" },
    each(shared, "cpuMicros", "CPU for each", "µs"),
    ...(what === "insert"
      ? [
          each(shared, "writerMicros", "of that in the process that writes", "µs"),
          each(shared, "perCommit", "in a commit", ""),
        ]
      : []),
    what === "insert" ? { ...ratio, least: 0.9 } : ratio,
  ];
}

const one = await startKind(1, false);
const two = await startKind(2, true);
try {
  const findings: Finding[] = [];
  for (const what of ["insert", "read"] as const) {
    const figures: { readonly one: Figure[]; readonly two: Figure[] } = { one: [], two: [] };
    // The first round meets code that has not been compiled.
    for (let round = -1; round < rounds; round++) {
      const pair = [await one.measure(what), await two.measure(what)] as const;
      if (round < 0) continue;
      figures.one.push(pair[0]);
      figures.two.push(pair[1]);
    }
    findings.push(...compare(what, figures.one, figures.two));
  }
  console.log(`${availableParallelism()} processors`);
  printFindings("one process, and two that share a writer", findings);
} finally {
  await one.close();
  await two.close();
}
