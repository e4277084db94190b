import { createCallQueue, type PendingCall, type Room, startCall } from "../call-queue.ts";
import { DataError } from "../data-error.ts";
import type { NamedQuery } from "../manifest.ts";
import type { CallOptions } from "../query-proxy.ts";
import type { SideStats } from "../store.ts";
import type { TroubleWatch } from "../trouble.ts";
import type { Connection } from "./connection.ts";
import { namingNul } from "./nul.ts";
import { createPoolWatch } from "./pool-watch.ts";
import { dataErrorFromThrown } from "./postgres-error.ts";
import type { ResolvedPostgresOptions } from "./store-options.ts";

/** What a pool is made with. */
export interface PoolOptions {
  readonly limits: ResolvedPostgresOptions;
  readonly trouble: TroubleWatch;
  /** Opens a connection. Rejects with a DataError. */
  readonly open: () => Promise<Connection>;
  /** The query of a number. */
  readonly find: (query: number) => NamedQuery;
  /** Runs a call on a connection. */
  readonly run: (
    kind: Kind,
    connection: Connection,
    query: NamedQuery,
    call: PendingCall,
  ) => Promise<unknown>;
}

export type Kind = "read" | "write";

/** Calls of queries, and the connections that they share. */
export interface Pool {
  call(kind: Kind, query: number, input: unknown, options: CallOptions | undefined): Promise<unknown>;
  stats(kind: Kind): SideStats;
  /** Refuses calls from here on; resolves when the accepted ones have been answered and the connections are closed. */
  close(): Promise<void>;
}

/**
 * Makes a pool. Reads and writes take turns where both wait; background writes go when nothing else waits, one at a time.
 * A connection that ends leaves the pool, and fails the call that it ran and no other. While none can be opened and none is
 * left, the calls that wait fail with the reason, so that the database is tried again by each that follows.
 */
export function createPool({ limits, trouble, open, find, run }: PoolOptions): Pool {
  const bytes = { used: 0, max: limits.maxQueuedBytes };
  const reads = createCallQueue(roomOf("reads", "maxQueuedReads", limits.maxQueuedReads));
  const writes = createCallQueue(roomOf("writes", "maxQueuedWrites", limits.maxQueuedWrites));
  const background = createCallQueue(
    roomOf("background writes", "maxQueuedBackgroundWrites", limits.maxQueuedBackgroundWrites),
  );
  const connections = new Set<Connection>();
  const idle: Connection[] = [];
  const counts = { read: { inFlight: 0, calls: 0 }, write: { inFlight: 0, calls: 0 } };
  let opening = 0;
  let lost = 0;
  let inBackground = 0;
  let lastKind: Kind = "write";
  const orders = new Set<string>();
  const watch = createPoolWatch({
    log: limits.log,
    max: limits.connections,
    open: () => connections.size,
    queued,
  });
  let drained: PromiseWithResolvers<void> | undefined;
  let closed: Promise<void> | undefined;

  function roomOf(what: string, option: string, max: number): Room {
    return { waiting: 0, what, option, max, bytes };
  }

  function queued(): number {
    return reads.size + writes.size + (inBackground === 0 ? background.size : 0);
  }

  function mayGo({ order }: PendingCall): boolean {
    return order === undefined || !orders.has(order);
  }

  /** Takes the call that goes next. */
  function next(): PendingCall | undefined {
    const queues = lastKind === "write" ? [reads, writes] : [writes, reads];
    for (const queue of inBackground === 0 ? [...queues, background] : queues) {
      const [call] = queue.take(1, Number.POSITIVE_INFINITY, mayGo);
      if (call === undefined) continue;
      lastKind = queue === reads ? "read" : "write";
      return call;
    }
    return undefined;
  }

  /** Gives calls to connections until one of the two is used up. */
  function pump(): void {
    for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
      if (connection.isLost) continue;
      const call = next();
      if (call === undefined) {
        idle.push(connection);
        break;
      }
      void serve(connection, call, lastKind);
    }
    if (queued() > 0) {
      openMore();
      watch.waits();
    }
    if (
      drained !== undefined &&
      queued() + background.size + counts.read.inFlight + counts.write.inFlight === 0
    )
      drained.resolve();
  }

  function openMore(): void {
    while (opening < queued() && connections.size + opening < limits.connections) {
      opening += 1;
      void open().then(join, onNotOpened);
    }
  }

  function join(connection: Connection): void {
    opening -= 1;
    connections.add(connection);
    idle.push(connection);
    void connection.ended.then(() => leave(connection));
    pump();
  }

  function leave(connection: Connection): void {
    if (!connections.delete(connection)) return;
    const at = idle.indexOf(connection);
    if (at >= 0) idle.splice(at, 1);
    if (closed === undefined) lost += 1;
    pump();
  }

  function onNotOpened(reason: DataError): void {
    opening -= 1;
    trouble.tell(lastKind, { worked: false, error: reason });
    if (connections.size + opening > 0) return;
    for (const queue of [reads, writes, background]) for (const call of queue.takeAll()) call.reject(reason);
    pump();
  }

  async function serve(connection: Connection, call: PendingCall, kind: Kind): Promise<void> {
    const count = counts[kind];
    count.inFlight += 1;
    count.calls += 1;
    watch.took();
    if (call.background) inBackground += 1;
    if (call.order !== undefined) orders.add(call.order);
    const begunMs = performance.now();
    const query = find(call.query);
    try {
      const value = await run(kind, connection, query, call);
      trouble.tell(kind, { worked: true, error: undefined });
      call.onRan?.(performance.now() - begunMs);
      if (!call.settled) call.resolve(value);
    } catch (thrown) {
      const error = dataErrorFromThrown(namingNul(thrown, call.input, query.name), query.name);
      call.onRan?.(performance.now() - begunMs);
      if (!call.settled) {
        trouble.tell(kind, { worked: false, error });
        call.reject(error);
      }
    }
    count.inFlight -= 1;
    if (call.background) inBackground -= 1;
    if (call.order !== undefined) orders.delete(call.order);
    if (connection.isLost) leave(connection);
    else idle.push(connection);
    pump();
  }

  function admit(kind: Kind, call: PendingCall): void {
    if (drained !== undefined) throw new DataError("unavailable", "the store is closed");
    if (call.bytes > limits.maxResultBytes) {
      throw new DataError(
        "resource_exhausted",
        `the input of a query holds ${call.bytes} bytes or more, above the maximum of ${limits.maxResultBytes} (maxResultBytes)`,
      );
    }
    (kind === "read" ? reads : call.background ? background : writes).add(call);
    pump();
  }

  async function finish(): Promise<void> {
    drained = Promise.withResolvers();
    pump();
    await drained.promise;
    watch.close();
    await Promise.all([...connections].map((connection) => connection.close()));
  }

  return {
    call: (kind, query, input, options) =>
      startCall(query, input, options, limits.maxResultBytes, (call) => admit(kind, call)),
    stats(kind) {
      const { inFlight, calls } = counts[kind];
      const waiting = kind === "read" ? reads.size : writes.size + background.size;
      return {
        queued: waiting,
        inFlight,
        calls,
        batches: calls,
        batchSizes: [calls],
        moved: 0,
        // Of the connections that both share.
        workersReplaced: kind === "read" ? lost : 0,
      };
    },
    close() {
      closed ??= finish();
      return closed;
    },
  };
}
