import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { DataError } from "../../data-error.ts";
import type { MigrationsReport } from "../../migrations.ts";
import type { Notices } from "../../notices.ts";
import type { QueryModules } from "../../query.ts";
import { createQueryProxy, type Queries } from "../../query-proxy.ts";
import type { SideStats, Store } from "../../store.ts";
import { createTroubleWatch } from "../../trouble.ts";
import { createUnheard } from "../../unheard.ts";
import { createSide } from "../side.ts";
import { resolveSqliteOptions, type SqliteOptions } from "../store-options.ts";
import { pingQuery, pingWriteQuery } from "../thread-protocol.ts";
import { createFairQueue } from "./fair-queue.ts";
import { createNoticeBoard } from "./notice-board.ts";
import { protocolVersion, windowOf } from "./protocol.ts";
import { makeSocketFolder, type SocketFolder } from "./socket-folder.ts";
import { serveWorker, type WorkerConnection } from "./worker-connection.ts";

/** The one writer of a database that several processes serve. Whoever opens it closes it, after those processes have ended. */
export interface SharedWriter<M extends QueryModules = QueryModules> extends AsyncDisposable {
  /** Where it listens: the `writer` of the stores that the other processes open. */
  readonly socket: string;
  /** The absolute path of the file. */
  readonly database: string;
  /** True when this open made the database. */
  readonly created: boolean;
  /** What the migrations did at this open. */
  readonly migrations: MigrationsReport;
  /** For this process itself, for chores. Reads go the way of writes: behind those that wait. */
  readonly queries: Queries<M>;
  /** What is told to the other processes, and by them. */
  readonly notices: Notices;
  /** Resolves when the writer has answered, as a store's `ping` does. */
  ping: Store<M>["ping"];
  /** `batches` counts transactions, of the writes of all processes. */
  stats(): SideStats;
  /**
   * Takes no further connections and no further calls, finishes those accepted, ends the connections, closes the database and
   * removes the socket with its folder. Later calls return the same promise.
   */
  close(): Promise<void>;
}

/** How long a worker that takes no answers may hold up the end, in milliseconds. */
const answersTimeoutMs = 5_000;

/**
 * Opens a database for writing, which makes the file and applies the migrations, and takes the writes of other processes over
 * a socket in a folder of its own, which its owner alone can enter. Writes of all processes share commits, in turns. Throws the
 * errors of `openStore`.
 */
export async function openSharedWriter<M extends QueryModules = QueryModules>(
  options: SqliteOptions,
): Promise<SharedWriter<M>> {
  if (options.writer !== undefined) {
    throw new DataError("invalid_argument", "who writes for others has no writer: leave `writer` out");
  }
  const resolved = resolveSqliteOptions(options);
  const trouble = createTroubleWatch(resolved.log);
  const shared = { bytes: { used: 0, max: resolved.maxQueuedBytes }, trouble };
  const side = createSide("write", resolved, shared, createFairQueue);
  const ready = await side.start();
  const hello = { protocol: protocolVersion, ready, window: windowOf(resolved) } as const;
  const connections = new Set<WorkerConnection>();
  const board = createNoticeBoard((topic) => tellAll(topic));
  const server = createServer((socket) => {
    const connection = serveWorker(socket, hello, {
      admit: side.admit,
      onTopic(topic) {
        tellAll(topic, connection);
        board.hear(topic);
      },
      onChange: side.wake,
      onEnd(reason) {
        connections.delete(connection);
        side.wake();
        if (reason !== undefined)
          resolved.log?.error({ err: reason }, "the connection of a worker process to the writer has ended");
      },
    });
    connections.add(connection);
  });
  const folder = await listen(server).catch(async (error: unknown) => {
    await side.close();
    throw error;
  });
  server.on("error", (error) => {
    resolved.log?.error({ err: error }, "the writer cannot take the connection of a worker process");
  });
  let closed: Promise<void> | undefined;

  function tellAll(topic: string | undefined, publisher?: WorkerConnection): void {
    for (const connection of connections) if (connection !== publisher) connection.tell(topic);
  }

  function endDeaf(): void {
    for (const connection of connections) {
      if (!connection.takesAnswers) connection.destroy(new Error("it takes no answers"));
    }
  }

  async function finish(): Promise<void> {
    server.close();
    const deaf = setTimeout(endDeaf, answersTimeoutMs);
    await side.drain();
    clearTimeout(deaf);
    await Promise.all([...connections].map((connection) => connection.close()));
    await side.close();
    await folder.remove();
  }

  function close(): Promise<void> {
    closed ??= finish();
    return closed;
  }

  const { manifest, migrations } = ready;
  return {
    socket: folder.socket,
    database: resolved.file,
    created: migrations.created,
    migrations,
    queries: createQueryProxy<M>(
      manifest,
      (_kind, query, input, callOptions) => side.call(query, input, callOptions),
      createUnheard(resolved.log),
    ),
    notices: board,
    async ping(pingOptions) {
      await side.call(trouble.writesFail ? pingWriteQuery : pingQuery, undefined, pingOptions);
    },
    stats: () => side.stats(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(server: Server): Promise<SocketFolder> {
  const folder = await makeSocketFolder();
  try {
    server.listen(folder.socket);
    await once(server, "listening");
    return folder;
  } catch (error) {
    await folder.remove();
    const text = error instanceof Error ? error.message : String(error);
    throw new DataError("unavailable", `the writer cannot listen at ${folder.socket}: ${text}`);
  }
}
