import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { medianOf } from "./compare.ts";
import { MESSAGES } from "./many.ts";

const ROUNDS = 11;

/** What a process took from its first line to the codec of its last message. */
interface Start {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/**
 * Prints what the codecs of many message types add to a start, by starts with and without them in turn.
 *
 * @param gen what `generateMany` gives.
 * @param folder where Node may keep what it has compiled.
 */
export async function printStart(gen: string, folder: string): Promise<void> {
  // As under `runrpc serve`, whose launcher has Node keep it.
  await printAdded(gen, "with Node's compile cache", { NODE_COMPILE_CACHE: join(folder, "compiled") });
  await printAdded(gen, "without it", { NODE_DISABLE_COMPILE_CACHE: "1" });
}

async function printAdded(gen: string, title: string, env: NodeJS.ProcessEnv): Promise<void> {
  const added: Start[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const without = await start(gen, "without", env);
    const together = await start(gen, "with", env);
    if (round < 0) continue; // it fills the caches
    added.push({ wallMs: together.wallMs - without.wallMs, cpuMs: together.cpuMs - without.cpuMs });
  }
  const [wall, cpu] = [
    medianOf(added.map(({ wallMs }) => wallMs)),
    medianOf(added.map(({ cpuMs }) => cpuMs)),
  ];
  console.log(
    `${MESSAGES} message types add to a start ${title}: ${wall.toFixed(1)} ms, ${cpu.toFixed(1)} ms of CPU`,
  );
}

async function start(gen: string, codecs: "with" | "without", env: NodeJS.ProcessEnv): Promise<Start> {
  const script = join(import.meta.dirname, "start-once.ts");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=runrpc-source", "--no-warnings", script, gen, codecs],
    { env: { ...process.env, ...env } },
  );
  return JSON.parse(stdout) as Start;
}
