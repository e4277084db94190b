// A thread that runs handlers, or the functions of a module.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createCodecs, type FindCodec } from "../codec/codecs.ts";
import type { MessageCodec } from "../codec/message-codec.ts";
import { createChannel } from "./channel.ts";
import {
  op,
  type QueryValue,
  type Ready,
  type ServiceSetup,
  setupKey,
  slotOf,
  state,
  type ThreadSetup,
} from "./protocol.ts";
import { createQueryLine } from "./query-line.ts";
import { type RunningCall, runStream } from "./run-stream.ts";
import { runUnary } from "./run-unary.ts";
import { methodOfStart } from "./start-text.ts";
import { createThreadStrays } from "./strays.ts";
import { createSyncLine, type Pace } from "./sync-line.ts";
import { type ContextHost, ThreadContext } from "./thread-context.ts";
import { createThreadMethod, type ThreadMethod } from "./thread-method.ts";
import { createThreadSignal } from "./thread-signal.ts";
import { errorFromWire, type WireError, wireFromError } from "./wire-error.ts";

const port = parentPort;
if (port === null) throw new Error("this file runs in a worker thread");
const setup: ThreadSetup = workerData[setupKey];
const states = new Int32Array(setup.states);
const channel = createChannel({
  memory: setup.memory,
  side: "thread",
  post: (message, transfer) => port.postMessage(message, transfer),
  hear,
  instead: unsendable,
});
const queries = createQueryLine(setup.queries, (value) => channel.say(op.query, 0, undefined, value));
const running = new Map<number, RunningCall>();
const strays = createThreadStrays();
const line = createSyncLine({
  flush: channel.flush,
  isDrafted: () => channel.isDrafted,
  hear() {
    for (let more = awaited(); more !== undefined; more = awaited()) channel.take(more.message);
    return channel.hear();
  },
  goOn: work,
});
const awaited = () => (channel.awaitsMessage ? receiveMessageOnPort(port) : undefined);
const host: ContextHost = {
  states,
  sendHeaders: (call, sent) => channel.say(op.headers, call, undefined, sent),
  signalMade: (call, signal) => queries.belongs(signal, call),
};

function unsendable(code: number, _call: number, value: unknown, reason: unknown) {
  const error = wireFromError(new TypeError(`this cannot be sent from a thread: ${reason}`));
  if (code !== op.query) return [op.fail, [error, undefined]] as const;
  const { id } = value as QueryValue; // as the query line writes it
  queries.answer({ id, error });
  return [op.none, undefined] as const;
}

/** Begins a call, now or in the line. */
let begin: (call: number, bytes: Buffer | undefined, value: unknown) => void = () => {};

function hear(code: number, call: number, bytes: Buffer | undefined, value: unknown): void {
  if (code === op.start) begin(call, bytes, value);
  else if (code === op.query)
    queries.answer(value as Parameters<typeof queries.answer>[0]); // as the main thread says it
  else if (code === op.message) running.get(call)?.message(bytes ?? NOTHING);
  else if (code === op.end) running.get(call)?.end();
  else if (code === op.fail) running.get(call)?.end({ reason: errorFromWire(value as WireError) });
  else if (code === op.credit) running.get(call)?.credit(Number(value));
  else if (code === op.cancel) running.get(call)?.cancel(errorFromWire(value as WireError));
}

/** Begins a call for good; false: the main thread has taken it back, and hears that its word is free. */
function take(call: number): boolean {
  const before = Atomics.compareExchange(states, slotOf(call), state.waiting, state.running);
  if (before === state.waiting) return true;
  channel.say(op.start, call, undefined);
  return false;
}

/** Of a call that hears nothing but its cancel. */
function heedful(cancel: (reason: unknown) => void): RunningCall {
  return { message() {}, end() {}, credit() {}, cancel };
}

/** Runs a call now. True: it goes on, and `onEnd` is called later. */
function run(
  method: ThreadMethod,
  call: number,
  bytes: Buffer | undefined,
  text: string,
  onEnd: () => void,
): boolean {
  const context = new ThreadContext(method.method, call, text, host);
  const ended = (): void => {
    running.delete(call);
    onEnd();
  };
  if (method.method.methodKind !== "unary") {
    const speech = {
      say: (code: number, said: Buffer | undefined, more?: unknown) => channel.say(code, call, said, more),
      flush: channel.flush,
    };
    const start = () => runStream(method, bytes, context, speech, ended);
    running.set(call, strays.enter(context, start));
    return true;
  }
  let isGoingOn = false;
  isGoingOn = strays.enter(context, () =>
    runUnary(method, bytes ?? NOTHING, context, (code, said, value) => {
      channel.say(code, call, said, value);
      if (isGoingOn) ended();
    }),
  );
  if (isGoingOn)
    running.set(
      call,
      heedful((reason) => ThreadContext.abort(context, reason)),
    );
  return isGoingOn;
}

type Functions = Readonly<Record<string, unknown>>;

async function load(): Promise<Ready> {
  const loaded = (await import(setup.module)) as Functions & { readonly create?: unknown };
  const { create } = loaded;
  const functions: Functions =
    typeof create === "function" ? await create({ queries: queries.modules }) : loaded;
  return setup.service === undefined ? loadFunctions(functions) : loadService(setup.service, functions);
}

async function loadService(
  { typeName, files, methods, strictAnswers, codecs }: ServiceSetup,
  functions: Functions,
): Promise<Ready> {
  const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, files)).getService(typeName);
  if (service === undefined) return { failed: `${typeName} is not in its own files` };
  const find = await codecsOf(codecs);
  const missing = methods.filter((name) => typeof functions[name] !== "function");
  if (missing.length > 0)
    return {
      failed: `${setup.module} has no function ${missing.join(", ")}: a module of threaded handlers exports one for each method, or \`create\`, which gives them`,
    };
  const table = service.methods
    .filter(({ localName }) => methods.includes(localName))
    .sort((one, other) => methods.indexOf(one.localName) - methods.indexOf(other.localName))
    .map((method) =>
      createThreadMethod(
        method,
        functions,
        functions[method.localName] as (...args: unknown[]) => unknown, // looked at above
        { find, strictAnswers },
      ),
    );
  begin = (call, bytes, value) => {
    const text = String(value);
    const method = table[methodOfStart(text)];
    if (method === undefined) throw new Error(`there is no method for ${text.slice(0, 20)}`);
    if (method.isSync)
      line.add({
        pace: method.pace,
        take: () => take(call),
        run: (onEnd) => run(method, call, bytes, text, onEnd),
      });
    else if (take(call)) run(method, call, bytes, text, nothing);
  };
  return { ready: table.map(({ isSync }) => (isSync ? "sync" : "async")) };
}

async function codecsOf(module: string | undefined): Promise<FindCodec> {
  if (module === undefined) return createCodecs([]);
  const { codecs } = (await import(module)) as { readonly codecs?: readonly MessageCodec[] };
  if (!Array.isArray(codecs)) throw new Error(`${module} exports no codecs`);
  return createCodecs(codecs);
}

/** A function whose calls are made by name, with one value that can be cloned. */
function loadFunctions(functions: Functions): Ready {
  const paces = new Map<string, Pace>();
  begin = (call, _bytes, value) => {
    const { name, input } = value as { readonly name: string; readonly input: unknown }; // as the main thread says it
    const pace = paces.get(name) ?? { longestMs: 0 };
    paces.set(name, pace);
    line.add({
      pace,
      take: () => take(call),
      run(onEnd) {
        const { signal, abort } = createThreadSignal(states, call, undefined);
        running.set(call, heedful(abort));
        void runFunction(functions[name], name, input, signal)
          .then(
            (result) => channel.say(op.end, call, undefined, { result }),
            (reason: unknown) => channel.say(op.fail, call, undefined, [wireFromError(reason), undefined]),
          )
          .then(() => {
            running.delete(call);
            onEnd();
          });
        return true;
      },
    });
  };
  return { ready: [] };
}

async function runFunction(
  run: unknown,
  name: string,
  input: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (typeof run !== "function") throw new TypeError(`${setup.module} exports no function ${name}`);
  return run(input, { signal });
}

const NOTHING = Buffer.alloc(0);

function nothing(): void {}

/** Hears and runs what has come, and what comes meanwhile. */
function work(): void {
  channel.attend();
  do {
    channel.hear();
    line.run();
  } while (!channel.rest());
}

port.on("message", (message: unknown) => {
  channel.take(message);
  work();
});
load().then(
  (ready) => {
    strays.tell((stray) => port.postMessage(stray));
    port.postMessage(ready);
  },
  (reason: unknown) =>
    port.postMessage({
      failed: `${setup.module} cannot be loaded in a thread: ${reason instanceof Error ? reason.stack : String(reason)}`,
    } satisfies Ready),
);
