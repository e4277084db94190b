import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DescMethod } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext, type HandlerContext } from "@connectrpc/connect";
import { openStore, type Store } from "../../src/runrpc/data/store.ts";
import { principalKey } from "../../src/runrpc/server/auth/principal.ts";
import type { Modules } from "../../src/worker.ts";

/** A real database in a directory of its own, which goes when it is disposed of. */
export interface TestStore extends AsyncDisposable {
  readonly store: Store<Modules>;
  readonly queries: Store<Modules>["queries"];
}

export async function openTestStore(): Promise<TestStore> {
  const folder = await mkdtemp(join(tmpdir(), "runrpc-services-"));
  const store = await openStore<Modules>({
    file: join(folder, "test.sqlite"),
    worker: new URL("../../src/worker.ts", import.meta.url),
    migrations: new URL("../../src/services/migrations", import.meta.url),
    readers: 1,
  });
  return {
    store,
    queries: store.queries,
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Adds a user and gives its id. */
export async function addUser(queries: TestStore["queries"], name = "ada"): Promise<string> {
  const id = randomUUID();
  await queries.users.createUser({
    id,
    email: `${name}.${id}@example.com`,
    displayName: name,
    at: new Date(),
  });
  return id;
}

/** The context of a call that `userId` makes; nobody makes it when that is undefined. */
export function contextOf(
  method: DescMethod,
  userId: string | undefined,
  signal?: AbortSignal,
): HandlerContext {
  const contextValues = createContextValues();
  if (userId !== undefined) contextValues.set(principalKey, { userId, keyId: "rr_test", scopes: ["*"] });
  return createHandlerContext({
    service: method.parent,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: `https://localhost/${method.parent.typeName}/${method.name}`,
    contextValues,
    ...(signal === undefined ? {} : { requestSignal: signal }),
  });
}

/** A stream of requests that a test feeds by hand. */
export interface RequestStream<T> extends AsyncIterable<T> {
  send(...items: T[]): void;
  end(): void;
  fail(reason: unknown): void;
}

export function createRequestStream<T>(): RequestStream<T> {
  const items: T[] = [];
  let end: { readonly reason: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  const change = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  return {
    send(...more) {
      items.push(...more);
      change();
    },
    end() {
      end = { reason: undefined };
      change();
    },
    fail(reason) {
      end = { reason };
      change();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const item = items.shift();
        if (item !== undefined) yield item;
        else if (end === undefined) await changed.promise;
        else if (end.reason === undefined) return;
        else throw end.reason;
      }
    },
  };
}

/** The next `count` messages of a response. */
export async function take<T>(messages: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const next = await messages.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

/** All messages of a response. */
export async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  return Array.fromAsync(messages);
}
