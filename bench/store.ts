import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { openStore } from "../src/runrpc/data/open-store.ts";
import type { Modules } from "./store/worker.ts";

// What the store does in a second: `node bench/store.ts`, `--json` for the figures alone, `--seconds 2` for longer runs.
// Each figure is of one process on a fresh file in the directory for temporary files, whose disk the writes measure.

interface Figure {
  readonly what: string;
  readonly callers: number;
  readonly perSecond: number;
  /** CPU time of all threads for each call or row. */
  readonly cpuMicros: number;
  readonly note: string;
}

const asJson = process.argv.includes("--json");
const secondsAt = process.argv.indexOf("--seconds");
const seconds = secondsAt === -1 ? 1 : Number(process.argv[secondsAt + 1]);

const directory = await mkdtemp(join(tmpdir(), "runrpc-bench-"));
const store = await openStore<Modules>({
  file: join(directory, "bench.sqlite"),
  worker: new URL("./store/worker.ts", import.meta.url),
  migrations: new URL("./store/migrations/", import.meta.url),
});
try {
  const figures = await measureAll();
  const settings = { node: process.version, cores: availableParallelism(), seconds };
  if (asJson) console.log(JSON.stringify({ ...settings, figures }, undefined, 2));
  else print(settings, figures);
} finally {
  await store.close();
  await rm(directory, { recursive: true });
}

async function measureAll(): Promise<Figure[]> {
  const { notes } = store.queries;
  const texts = Array.from(
    { length: 1_000 },
    (_, index) => `a line of text of usual length, number ${index}`,
  );
  for (let round = 0; round < 10; round++) await notes.insertNotes(texts);
  const read = () => notes.getNote({ id: 1 + Math.floor(10_000 * Math.random()) });
  const insert = () => notes.insertNote("a line of text of usual length");

  const figures: Figure[] = [];
  await measure("warm-up", 64, 1, read);
  for (const callers of [1, 64, 256]) figures.push(await measure("point reads", callers, 1, read));
  for (const callers of [1, 64, 256]) {
    const before = store.stats().writes;
    const figure = await measure("durable inserts", callers, 1, insert);
    const { calls, batches } = store.stats().writes;
    figures.push({
      ...figure,
      note: `${Math.round((calls - before.calls) / (batches - before.batches))} a commit`,
    });
  }
  figures.push(await measure("rows, 1,000 a call", 1, texts.length, () => notes.insertNotes(texts)));
  figures.push(await readsBesideSlowOnes(read));
  return figures;
}

/** 64 callers read while one reader runs slow queries without pause; the note tells what the main thread felt. */
async function readsBesideSlowOnes(read: () => Promise<unknown>): Promise<Figure> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const ended = new AbortController();
  const slow = (async () => {
    let count = 0;
    for (; !ended.signal.aborted; count++) await store.queries.notes.countSlowly({ rows: 30_000_000 });
    return count;
  })();
  delay.enable();
  const figure = await measure("point reads beside a slow one", 64, 1, read);
  delay.disable();
  ended.abort();
  await slow;
  return { ...figure, note: `loop delay p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms` };
}

/** Calls from `callers` loops at once until the time is up; `units` is what one call counts for. */
async function measure(
  what: string,
  callers: number,
  units: number,
  call: () => Promise<unknown>,
): Promise<Figure> {
  let calls = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + 1000 * seconds;
  const loop = async () => {
    for (; performance.now() < end; calls++) await call();
  };
  await Promise.all(Array.from({ length: callers }, loop));
  const elapsedMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const done = calls * units;
  return {
    what,
    callers,
    perSecond: Math.round((1000 * done) / elapsedMs),
    cpuMicros: Number(((user + system) / done).toFixed(1)),
    note: "",
  };
}

function print(settings: object, figures: readonly Figure[]): void {
  console.log(JSON.stringify(settings));
  console.log(
    `${"".padEnd(30)} ${"callers".padStart(8)} ${"per second".padStart(11)} ${"CPU µs".padStart(7)}`,
  );
  for (const { what, callers, perSecond, cpuMicros, note } of figures) {
    const columns = [
      String(callers).padStart(8),
      perSecond.toLocaleString("en").padStart(11),
      String(cpuMicros).padStart(7),
    ];
    console.log(`${what.padEnd(30)} ${columns.join(" ")}  ${note}`);
  }
}
