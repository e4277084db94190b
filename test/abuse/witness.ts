import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { callHeaders, envelope, unary } from "../../bench/load/grpc.ts";
import { connectHttp2 } from "../../bench/load/http2.ts";
import { percentile } from "../../bench/results.ts";

/** What a good client saw. */
export interface Testimony {
  readonly calls: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** The first ones. */
  readonly failures: readonly string[];
}

/** A good client that calls all the time, in a thread, so that what the attacker computes does not slow it. */
export interface Witness {
  /** From now on it sees: what came before is not told. */
  watch(): void;
  /** Ends it and gives what it saw. */
  stop(): Promise<Testimony>;
}

/** What a good client calls: a unary method, with a message in its bytes. */
export interface WitnessCall {
  readonly path: string;
  readonly message: Uint8Array;
  readonly key: string;
}

/** A call of the app that reads the database. */
export function listUsers(key: string): WitnessCall {
  return { path: "/rig.users.v1.UserService/ListUsers", message: Buffer.of(8, 1), key }; // page_size: 1
}

interface Task {
  readonly port: number;
  readonly call: WitnessCall;
}

/** Between two calls, in milliseconds. */
const PAUSE_MS = 20;
/** Calls before its first word, so that what is made at the first calls is there before memory is looked at. */
const WARM_UP = 60;
const MAX_FAILURES = 3;

/** Starts a good client; it has made some calls when this resolves, and makes no more until it is to watch. */
export async function startWitness(port: number, call: WitnessCall): Promise<Witness> {
  const task: Task = { port, call };
  const thread = new Worker(new URL(import.meta.url), { workerData: task });
  await once(thread, "message");
  let testimony: Promise<Testimony> | undefined;
  return {
    watch: () => thread.postMessage("watch"),
    stop: () =>
      (testimony ??= (async () => {
        thread.postMessage("stop");
        const [seen] = (await once(thread, "message")) as [Testimony]; // what `witness` posts
        await thread.terminate();
        return seen;
      })()),
  };
}

async function witness({ port, call }: Task): Promise<void> {
  const failures: string[] = [];
  const note = (failure: unknown): void => {
    if (failures.length < MAX_FAILURES)
      failures.push(failure instanceof Error ? failure.message : String(failure));
  };
  const headers = callHeaders(call.path, [["x-api-key", call.key]]);
  const body = envelope(call.message);
  let lost = Promise.withResolvers<void>();
  let connection = connectHttp2(port, broken);
  function broken(reason: Error): void {
    note(reason);
    lost.resolve();
    lost = Promise.withResolvers();
    connection = connectHttp2(port, () => {});
  }

  for (let count = 0; count < WARM_UP; count++) await unary(connection, headers, body);
  const words = new Set<string>();
  const begun = Promise.withResolvers<void>();
  parentPort?.on("message", (word: string) => {
    words.add(word);
    begun.resolve();
  });
  parentPort?.postMessage("warm");
  await begun.promise;
  let calls = 0;
  const tookMs: number[] = [];
  while (!words.has("stop")) {
    const begin = performance.now();
    // What has no answer for a minute has none: the call is left, and the row's bound has seen it. A call of a lost connection is over.
    await Promise.race([unary(connection, headers, body), lost.promise, pause(60_000)]).catch(note);
    calls++;
    tookMs.push(performance.now() - begin);
    await pause(failures.length > 0 ? 200 : PAUSE_MS);
  }
  connection.close();
  const at = (percent: number): number => Math.round(percentile([...tookMs, 0], percent));
  parentPort?.postMessage({ calls, p99Ms: at(99), worstMs: at(100), failures } satisfies Testimony);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

if (!isMainThread) await witness(workerData as Task); // as startWitness hands it over
