import { Code, ConnectError } from "@connectrpc/connect";
import {
  Health as HealthService,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../../gen/grpc/health/v1/health_pb.ts";
import { boundedText } from "../bounded-text.ts";
import { defineService, type ServiceDefinition } from "../routes/service.ts";
import { createHealthProbe, type ProbeOptions } from "./health-probe.ts";

/** The health of the server, and the grpc.health.v1.Health service that tells it. */
export interface Health {
  /** Public, and Watch without a deadline. */
  readonly definition: ServiceDefinition;
  /** Sets the state of one service. @throws Error when it is none of `services`. */
  set(service: string, state: "serving" | "not_serving"): void;
  /**
   * Everything is NOT_SERVING at once. Open Watch streams are told, then end with `unavailable`, so that they do not
   * hold up the drain; one that is opened later is told and stays, so that its client does not come back in a loop.
   */
  drain(): void;
  /** Ends the Watch streams that were opened since: the server's connections end. */
  close(): void;
  /** The overall state, as `/readyz` needs it. Rejects only when `signal` aborts. */
  check(signal: AbortSignal): Promise<boolean>;
  /** Looks at it from here on, as Watch does. Rejects only when `signal` aborts. */
  follow(signal: AbortSignal): Promise<HealthLook>;
}

/** Health for who looks at it again and again. To be closed. */
export interface HealthLook {
  /** Whether each service is serving, by its name. */
  serving(): Readonly<Record<string, boolean>>;
  close(): void;
}

export interface HealthOptions extends ProbeOptions {
  /** Full names of the services. */
  readonly services: readonly string[];
}

/**
 * Makes the health of a server (https://github.com/grpc/grpc/blob/master/doc/health-checking.md). A service is
 * serving while it is set so (as it is at first), the probe passes and the server does not drain. The overall
 * state, named "", is serving while all services are.
 */
export function createHealth(options: HealthOptions): Health {
  const isSet = new Map(options.services.map((service) => [service, true]));
  const watchers = new Set<() => void>();
  const probe = createHealthProbe(options, wakeAll);
  let isDraining = false;
  let isClosed = false;

  const definition = defineService(
    HealthService,
    {
      async check({ service }, { signal }) {
        await fresh(signal);
        const status = statusOf(service);
        if (status !== undefined) return { status };
        throw new ConnectError(`unknown service ${JSON.stringify(boundedText(service, 256))}`, Code.NotFound);
      },
      async list(_request, { signal }) {
        await fresh(signal);
        return {
          statuses: Object.fromEntries(
            ["", ...isSet.keys()].map((name) => [name, { status: statusOf(name) ?? Status.UNKNOWN }]),
          ),
        };
      },
      // A name that is none is not kept: a stream lasts, and the name may be as large as a message.
      watch: ({ service }, { signal }) =>
        watch(statusOf(service) === undefined ? undefined : service, signal),
    },
    { isPublic: true, maxDeadlineMs: 0 },
  );

  async function* watch(service: string | undefined, signal: AbortSignal) {
    const wasDraining = isDraining;
    const watcher = createWatcher(signal);
    const leave = join(watcher.wake);
    try {
      await fresh(signal);
      let told: Status | undefined;
      for (;;) {
        signal.throwIfAborted();
        // Read at the moment of sending: a slow reader gets the latest state, and nothing queues up.
        const status = (service === undefined ? undefined : statusOf(service)) ?? Status.SERVICE_UNKNOWN;
        if (status !== told) {
          told = status;
          yield { status };
        } else if (isClosed || (isDraining && !wasDraining)) {
          throw new ConnectError("the server is shutting down", Code.Unavailable);
        } else {
          await watcher.changed();
        }
      }
    } finally {
      leave();
      watcher.close();
    }
  }

  return {
    definition,
    set(service, state) {
      if (!isSet.has(service))
        throw new Error(`there is no service ${JSON.stringify(service)} to set the health of`);
      isSet.set(service, state === "serving");
      wakeAll();
    },
    drain() {
      isDraining = true;
      wakeAll();
    },
    close() {
      isClosed = true;
      wakeAll();
    },
    async check(signal) {
      await fresh(signal);
      return statusOf("") === Status.SERVING;
    },
    async follow(signal) {
      const close = join(() => {});
      try {
        await fresh(signal);
      } catch (reason) {
        close();
        throw reason;
      }
      const serving = () =>
        Object.fromEntries([...isSet.keys()].map((name) => [name, statusOf(name) === Status.SERVING]));
      return { serving, close };
    },
  };

  /** The probe runs by itself while anybody watches. Returns the end of it. */
  function join(wake: () => void): () => void {
    watchers.add(wake);
    probe.watch(watchers.size);
    return () => {
      watchers.delete(wake);
      probe.watch(watchers.size);
    };
  }

  /** While draining the answer is known without asking. */
  async function fresh(signal: AbortSignal): Promise<void> {
    if (!isDraining) await probe.refresh(signal);
  }

  function statusOf(service: string): Status | undefined {
    const isOn = service === "" ? [...isSet.values()].every(Boolean) : isSet.get(service);
    if (isOn === undefined) return undefined;
    return isOn && !isDraining && probe.passes() ? Status.SERVING : Status.NOT_SERVING;
  }

  function wakeAll(): void {
    for (const wake of watchers) wake();
  }
}

/** Waits for one of two events: a change, or the end of the call. */
function createWatcher(signal: AbortSignal): {
  wake(): void;
  changed(): Promise<void>;
  close(): void;
} {
  let waiting: PromiseWithResolvers<void> | undefined;
  const wake = () => {
    waiting?.resolve();
    waiting = undefined;
  };
  signal.addEventListener("abort", wake);
  return {
    wake,
    changed() {
      if (signal.aborted) return Promise.resolve();
      waiting ??= Promise.withResolvers<void>();
      return waiting.promise;
    },
    close: () => signal.removeEventListener("abort", wake),
  };
}
