import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ServerLog } from "../log.ts";
import type { BytesHandler } from "./bytes-handler.ts";
import type { Policy } from "./policy.ts";
import type { GeneratorServiceImpl, ServiceImpl } from "./service-impl.ts";

/** A service with its implementation, ready to be served. Made by `defineService`. */
export interface ServiceDefinition {
  readonly service: DescService;
  /** By the local name of the method, such as `getUser`. */
  readonly implementation: Readonly<Record<string, (...args: never[]) => unknown>>;
  /** Replaces what the proto options say; for published contracts that cannot carry options. */
  readonly policy: Partial<Policy>;
  /** The same in bytes, of methods that have it, by local name: called in its place by whoever has bytes. Default: none has. */
  readonly bytes?: Readonly<Record<string, BytesHandler>>;
  /** What it starts before the server listens, and ends when that has drained. Default: nothing. */
  readonly lifecycle?: ServiceLifecycle;
}

/** What a service is told of the server that starts it. */
export interface LifecycleStart {
  /** An answer with a field that its message does not have fails its call. */
  readonly strictAnswers: boolean;
  /** Told of what goes wrong later. */
  readonly log: Pick<ServerLog, "error">;
}

/** What belongs to a service and has to be started and ended. */
export interface ServiceLifecycle {
  /** Rejects with the reason why the service cannot be served, which stops the start. */
  start(server: LifecycleStart): Promise<void>;
  close(): Promise<void>;
  /** What its threads do at this moment. Default: it has none. */
  readonly threads?: () => ThreadStats;
}

/** What the threads of a service do. */
export interface ThreadStats {
  /** Those that run calls. */
  readonly threads: number;
  /** Calls that they run. */
  readonly inFlight: number;
  /** Calls that wait for one of them. */
  readonly queued: number;
}

/**
 * Joins a generated service with plain functions and async generators. A method that is missing
 * does not compile, and does not start either: `startServer` names it. So it does with a function of a plain object that
 * is none of the proto's methods, unless its name begins with `_`; an instance of a class and a module may have helpers of any name.
 */
export function defineService<S extends DescService>(
  service: S,
  implementation: GeneratorServiceImpl<S>,
  policy?: Partial<Policy>,
): ServiceDefinition;
// The last one is what tsc tells of a handler that fits neither.
export function defineService<S extends DescService>(
  service: S,
  implementation: ServiceImpl<S>,
  policy?: Partial<Policy>,
): ServiceDefinition;
export function defineService<S extends DescService>(
  service: S,
  implementation: ServiceImpl<S> | GeneratorServiceImpl<S>,
  policy: Partial<Policy> = {},
): ServiceDefinition {
  // ServiceImpl<S> is a record of functions by construction; its mapped type does not say so.
  const methods = implementation as unknown as ServiceDefinition["implementation"];
  return { service, implementation: methods, policy };
}

/** The path of a method: `/package.Service/Method`. */
export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}
