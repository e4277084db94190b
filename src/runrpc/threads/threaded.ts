import { availableParallelism } from "node:os";
import { create, type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { DataError, type DataErrorCode } from "../data/data-error.ts";
import { checkOptionNames } from "../option-names.ts";
import type { BytesHandler } from "../server/routes/bytes-handler.ts";
import type { Policy } from "../server/routes/policy.ts";
import type { ServiceDefinition } from "../server/routes/service.ts";
import type { ServiceImpl } from "../server/routes/service-impl.ts";
import { callForMessage, callForStream } from "./bytes-handlers.ts";
import { messageForm } from "./message-form.ts";
import { createPool, type PoolOptions } from "./pool.ts";

/** How the handlers of a service run in threads. */
export interface ThreadedOptions<S extends DescService>
  extends Partial<Omit<PoolOptions, "setup" | "askQuery">> {
  /** Methods that run on the main thread all the same: the others are the module's. Default: none. */
  readonly main?: Partial<ServiceImpl<S>>;
  /**
   * Queries of the store, for a module that exports `create({ queries })`. A query of a thread goes through the main one: it
   * costs two messages more than there.
   */
  readonly queries?: object;
  /**
   * What `buf generate` writes, for the threads to read and write messages with: `new URL("../gen/codecs.ts",
   * import.meta.url)`. Default: protobuf-es does it, which takes several times as long.
   */
  readonly codecs?: URL;
  /** Replaces what the proto options say. */
  readonly policy?: Partial<Policy>;
  /** An answer with a field that its message does not have fails its call. Default: what the server does. */
  readonly strictAnswers?: boolean;
}

/** The options that are left out. `threads`: one less than there are processors, so that the main thread has one. */
export const threadedDefaults = {
  threads: Math.max(1, availableParallelism() - 1),
  callsPerThread: 16,
  maxQueued: 256,
  graceMs: 1_000,
} as const;

const OPTION_NAMES = [
  ...Object.keys(threadedDefaults),
  "heapMb",
  "main",
  "queries",
  "codecs",
  "policy",
  "strictAnswers",
];

/**
 * A service whose handlers run in threads of their own, so that one that computes, or waits in a synchronous call, holds up no other call.
 * The module exports a function for each method, by its local name, or `create({ queries })`, which gives them: plain, async,
 * generators and async generators, the same that `defineService` takes. They are told of cancel and deadline by
 * `context.signal`: a loop that never awaits sees `signal.aborted`.
 *
 *     threaded(ReportService, new URL("./handlers.ts", import.meta.url), { threads: 2 })
 *
 * The threads are started before the server listens; a module that cannot be loaded, or lacks a function, stops the start. They
 * end when the server has drained.
 */
export function threaded<S extends DescService>(
  service: S,
  module: URL,
  options: ThreadedOptions<S> = {},
): ServiceDefinition {
  checkOptionNames("threaded", options, OPTION_NAMES);
  const { main = {}, queries = {}, codecs, policy = {}, strictAnswers, ...limits } = options;
  const onMain = main as Readonly<Record<string, (...args: never[]) => unknown>>; // functions, by the type of S
  const methods = service.methods.filter(({ localName }) => onMain[localName] === undefined);
  const files = filesOf(service);
  let isStrict = strictAnswers ?? false;
  const pool = createPool({
    ...threadedDefaults,
    ...limits,
    setup: () => ({
      module: module.href,
      service: {
        typeName: service.typeName,
        files,
        methods: methods.map(({ localName }) => localName),
        strictAnswers: isStrict,
        codecs: codecs?.href,
      },
      queries: namesOf(queries),
    }),
    askQuery: ({ module: name, query, input }, signal) => {
      const found = (queries as Queries)[name]?.[query];
      if (found === undefined) throw new DataError("internal", `there is no query ${name}.${query}`);
      return found(input, { signal });
    },
  });
  const bytes: Record<string, BytesHandler> = {};
  const inMessages: Record<string, (...args: never[]) => unknown> = {};
  for (const [number, method] of methods.entries()) {
    const call = { pool, number, revive: reviveDataError };
    const isStream = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
    const run = isStream ? callForStream : callForMessage;
    const handler: BytesHandler = (input, context) => run(call, input, context);
    bytes[method.localName] = handler;
    inMessages[method.localName] = messageForm(method, handler);
  }
  return {
    service,
    implementation: { ...onMain, ...inMessages },
    bytes,
    policy,
    lifecycle: {
      start(server) {
        isStrict = strictAnswers ?? server.strictAnswers;
        return pool.start(server.log);
      },
      close: pool.close,
      threads: pool.stats,
    },
  };
}

type Queries = Readonly<
  Record<string, Readonly<Record<string, (input: unknown, options: object) => Promise<unknown>>>>
>;

function namesOf(queries: object): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(queries).map(([module, functions]) => [module, Object.keys(functions)]),
  );
}

/** The file of a service with all that it imports, those first that the others need. */
function filesOf({ file }: DescService): Uint8Array {
  const files = new Set<DescFile>();
  const collect = (each: DescFile): void => {
    if (files.has(each)) return;
    each.dependencies.forEach(collect);
    files.add(each);
  };
  collect(file);
  return toBinary(
    FileDescriptorSetSchema,
    create(FileDescriptorSetSchema, { file: [...files].map(({ proto }) => proto) }),
  );
}

/** An error of a query that a handler let pass: it has its code again. */
function reviveDataError(error: Error & Readonly<Record<string, unknown>>): unknown {
  if (error.name !== "DataError" || typeof error.code !== "string") return undefined;
  return new DataError(error.code as DataErrorCode, error.message); // a DataError's own code
}
