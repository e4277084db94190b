// A thread that runs handlers, or the functions of a module.
import { parentPort, workerData } from "node:worker_threads";
import { createFileRegistry, type DescService, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createAdmission, createWhole } from "../server/routes/whole-message.ts";
import { createBatchWriter, readBatch } from "./batch.ts";
import {
  type Batch,
  op,
  type PackedStart,
  type Ready,
  type ServiceSetup,
  setupKey,
  type ThreadSetup,
  unpackStart,
} from "./protocol.ts";
import { createQueryLine } from "./query-line.ts";
import { type RunningCall, runCall, type ThreadMethod } from "./run-call.ts";
import { createThreadContext } from "./thread-context.ts";
import { createThreadSignal } from "./thread-signal.ts";
import { errorFromWire, type WireError, wireFromError } from "./wire-error.ts";

const port = parentPort;
if (port === null) throw new Error("this file runs in a worker thread");
const setup: ThreadSetup = workerData[setupKey];
const flags = new Int32Array(setup.flags);
const writer = createBatchWriter((batch, transfer) => port.postMessage(batch, transfer));
const queries = createQueryLine(setup.queries, (value) => writer.say(op.query, 0, undefined, value));
const hasQueries = Object.keys(setup.queries).length > 0;
const running = new Map<number, RunningCall>();

/** Begins a call. */
let begin: (call: number, bytes: Uint8Array | undefined, value: unknown) => void = () => {};

function hear(code: number, call: number, bytes: Uint8Array | undefined, value: unknown): void {
  if (code === op.start) begin(call, bytes, value);
  else if (code === op.query)
    queries.answer(value as Parameters<typeof queries.answer>[0]); // as the main thread says it
  else if (code === op.message) running.get(call)?.message(bytes ?? new Uint8Array());
  else if (code === op.end) running.get(call)?.end();
  else if (code === op.fail) running.get(call)?.end({ reason: errorFromWire(value as WireError) });
  else if (code === op.credit) running.get(call)?.credit(Number(value));
  else if (code === op.cancel) running.get(call)?.cancel(errorFromWire(value as WireError));
}

type Functions = Readonly<Record<string, unknown>>;

async function load(): Promise<Ready> {
  const loaded = (await import(setup.module)) as Functions & { readonly create?: unknown };
  const { create } = loaded;
  const functions: Functions =
    typeof create === "function" ? await create({ queries: queries.modules }) : loaded;
  return setup.service === undefined ? loadFunctions(functions) : loadService(setup.service, functions);
}

function loadService({ typeName, files, methods, strictAnswers }: ServiceSetup, functions: Functions): Ready {
  const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, files)).getService(typeName);
  if (service === undefined) return { failed: `${typeName} is not in its own files` };
  const table = methods.map((name) => methodOf(service, name, functions, strictAnswers));
  const missing = methods.filter((_, index) => table[index] === undefined);
  if (missing.length > 0)
    return {
      failed: `${setup.module} has no function ${missing.join(", ")}: a module of threaded handlers exports one for each method, or \`create\`, which gives them`,
    };
  begin = (call, bytes, value) => {
    const start = unpackStart(value as PackedStart); // as the main thread says it
    const method = table[start.method];
    if (method === undefined) return;
    const line = {
      say: (code: number, said: Uint8Array | undefined, more?: unknown) => writer.say(code, call, said, more),
      flush: writer.flush,
    };
    const context = createThreadContext(method.method, start, flags, () =>
      writer.say(op.headers, call, undefined, context.sent()),
    );
    if (hasQueries) queries.belongs(context.context, call);
    running.set(
      call,
      runCall(method, bytes, context, line, () => running.delete(call)),
    );
  };
  return { ready: table.map((method) => (method?.isSync === true ? "sync" : "async")) };
}

function methodOf(
  service: DescService,
  name: string,
  functions: Functions,
  strictAnswers: boolean,
): ThreadMethod | undefined {
  const method = service.methods.find(({ localName }) => localName === name);
  const run = functions[name];
  if (method === undefined || typeof run !== "function") return undefined;
  return {
    method,
    run: (input, context) => run.call(functions, input, context),
    whole: createWhole(method.output, createAdmission(method.output, strictAnswers)),
    isSync: isSync(run),
  };
}

/** A function whose calls are made by name, with one value that can be cloned. */
function loadFunctions(functions: Functions): Ready {
  begin = async (call, _bytes, value) => {
    const { name, input, slot } = value as {
      readonly name: string;
      readonly input: unknown;
      readonly slot: number;
    }; // as the main thread says it
    const run = functions[name];
    const { signal, abort } = createThreadSignal(flags, slot);
    running.set(call, { message() {}, end() {}, credit() {}, cancel: abort });
    try {
      if (typeof run !== "function") throw new TypeError(`${setup.module} exports no function ${name}`);
      const result: unknown = await run(input, { signal });
      writer.say(op.end, call, undefined, { result });
    } catch (reason) {
      writer.say(op.fail, call, undefined, [wireFromError(reason), undefined]);
    }
    running.delete(call);
    writer.flush();
  };
  return { ready: [] };
}

/** What is neither async nor gives a promise holds its thread. */
function isSync(run: object): boolean {
  const name = Object.prototype.toString.call(run);
  return name !== "[object AsyncFunction]" && name !== "[object AsyncGeneratorFunction]";
}

port.on("message", (batch: Batch) => readBatch(batch, hear));
load().then(
  (ready) => port.postMessage(ready),
  (reason: unknown) =>
    port.postMessage({
      failed: `${setup.module} cannot be loaded in a thread: ${reason instanceof Error ? reason.stack : String(reason)}`,
    } satisfies Ready),
);
