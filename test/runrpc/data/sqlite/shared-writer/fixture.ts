import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { listQueries } from "../../../../../src/runrpc/data/manifest.ts";
import { openSharedWriter, type SharedWriter } from "../../../../../src/runrpc/data/open-shared-writer.ts";
import { openStore, type SqliteOptions } from "../../../../../src/runrpc/data/open-store.ts";
import { createFrameReader } from "../../../../../src/runrpc/data/sqlite/shared-writer/frames.ts";
import type { Notices, Store } from "../../../../../src/runrpc/data/store.ts";
import { migrations, tempDirectory, worker } from "../../fixture/open.ts";
import { type Modules, modules } from "../../fixture/worker.ts";

/** A writer, and stores that write through it. */
export interface Shared {
  readonly writer: SharedWriter<Modules>;
  /** Opens a store as another process would: over the socket. It is closed before the writer. */
  open(options?: Partial<SqliteOptions>): Promise<Store<Modules>>;
}

/** Opens a writer over a fresh file (or `options.file`), closed with the test. */
export async function openShared(
  t: Pick<TestContext, "after">,
  options: Partial<SqliteOptions> = {},
): Promise<Shared> {
  const file = options.file ?? join(await tempDirectory(t), "test.sqlite");
  const writer = await openSharedWriter<Modules>({ ...options, file, worker, migrations });
  const stores: Store<Modules>[] = [];
  t.after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await writer.close();
  });
  return {
    writer,
    async open(own = {}) {
      const given = { readers: 1, ...options, writer: writer.socket, ...own };
      const store = await openStore<Modules>({ ...given, file, worker, migrations });
      stores.push(store);
      return store;
    },
  };
}

/** A connection to a writer that speaks for itself. It reads nothing more than the writer's greeting. */
export async function connectRaw(t: Pick<TestContext, "after">, path: string): Promise<Socket> {
  const socket = connect(path);
  t.after(() => socket.destroy());
  await once(socket, "data");
  socket.pause();
  return socket;
}

/** Reads what the writer answers from here on. */
export function readAnswers(
  socket: Socket,
  onAnswer: (id: unknown, took: number, value: unknown) => void,
): void {
  const reader = createFrameReader(1e9);
  socket.on("data", (chunk: Buffer) => {
    for (const message of reader.read(chunk)) {
      for (let at = 1; at < message.length; at += 3)
        onAnswer(message[at], Number(message[at + 1]), message[at + 2]);
    }
  });
  socket.resume();
}

/** A way to a writer that can be broken, at a path of its own. */
export async function startProxy(
  t: Pick<TestContext, "after">,
  path: string,
): Promise<{ readonly path: string; breakAll(): void; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const onward = connect(path);
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(from);
      from.on("error", () => {}).on("close", () => to.destroy());
      from.pipe(to);
    }
  });
  const own = join(await tempDirectory(t), "proxy");
  await once(server.listen(own), "listening");
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    server.close();
    breakAll();
  });
  return { path: own, breakAll, close: () => void server.close() };
}

/** The number of a query of the fixture, by which calls name it. */
export function numberOf(query: string): number {
  return listQueries(modules).manifest.findIndex(([, name]) => name === query);
}

/** Waits until it is so; ends with what was missing. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !isSo(); ) {
    if (Date.now() > end) throw new Error(`a minute has gone, and still not: ${what}`);
    await delay(2);
  }
}

/** What a listener hears: topics, and `gap`. */
export function hear(notices: Notices): string[] {
  const heard: string[] = [];
  notices.listen({ heard: (topic) => heard.push(topic), gap: () => heard.push("gap") });
  return heard;
}

/** One of the programs beside this file, killed with the test. */
export function start(t: Pick<TestContext, "after">, name: string, args: readonly string[]): ChildProcess {
  const child = fork(join(import.meta.dirname, `${name}.ts`), args, {
    serialization: "advanced",
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

/** The first message of a child. */
export async function firstMessage<T>(child: ChildProcess): Promise<T> {
  const [message] = await once(child, "message");
  return message as T; // As the program sends it.
}
