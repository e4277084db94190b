// Handlers for threads, and for the main thread alike: plain functions, an async one, and a generator.
import { setTimeout as delay } from "node:timers/promises";
import { threadId } from "node:worker_threads";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { principalKey } from "runrpc";
import {
  type GetUserRequest,
  type ListUsersRequest,
  type StreamUsersRequest,
  type User,
  UserSchema,
} from "../../../gen/rig/users/v1/users_pb.ts";

type Shown = { users: { displayName: string }[] };

const shown = (...texts: unknown[]): Shown => ({
  users: texts.map((text) => ({ displayName: String(text) })),
});

/** For how long the last call has polled. */
let polledMs = 0;

/** How many streams have come to their `finally`. */
let left = 0;

/** What a stream yields that is no message, by the limit that is asked for. */
const unsendable: Readonly<Record<number, () => unknown>> = {
  901: () => ({ user: "a text" }),
  902: () => undefined,
  903: () => Promise.reject(new ConnectError("no such user", Code.NotFound)),
};

/** What a plain function does, by the page token that is asked for; the page size is a number for it. */
const deeds: Readonly<Record<string, (n: number, context: HandlerContext) => Shown>> = {
  thread: () => shown(threadId),
  waits(ms) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return shown(threadId);
  },
  spins(ms) {
    const until = performance.now() + ms;
    while (performance.now() < until) Math.sqrt(until);
    return shown(threadId);
  },
  polls(_n, { signal }) {
    const begin = performance.now();
    while (!signal.aborted) Math.sqrt(2);
    polledMs = performance.now() - begin;
    throw signal.reason;
  },
  polled: () => shown(polledMs),
  remains: (_n, { timeoutMs }) => shown(timeoutMs()),
  throwsWhenAborted(_n, { signal }) {
    for (;;) signal.throwIfAborted();
  },
  deaf() {
    for (;;);
  },
  exits: () => process.exit(3),
  hoards() {
    const hoard: unknown[] = [];
    for (;;) hoard.push(Array.from({ length: 1_000 }, (_, n) => ({ n })));
  },
  misspells: () => ({ users: [], pageToken: "" }) as Shown,
  refuses() {
    const error = new ConnectError("no such page", Code.NotFound, { "x-reason": "none" }, [
      { desc: UserSchema, value: { displayName: "a detail" } },
    ]);
    throw error;
  },
  fails() {
    throw Object.assign(new TypeError("a bug"), { code: "E_BUG" });
  },
  left: () => shown(left),
  forgets: () => undefined as unknown as Shown,
  speaks(_n, { requestHeader, responseHeader, responseTrailer, values, timeoutMs, method, service }) {
    responseHeader.set("x-header", "from a thread");
    responseTrailer.set("x-trailer", "from a thread");
    const caller = values.get(principalKey)?.scopes.join();
    return shown(requestHeader.get("x-said"), caller, (timeoutMs() ?? 0) > 0, method.name, service.typeName);
  },
};

export function listUsers({ pageToken, pageSize }: ListUsersRequest, context: HandlerContext) {
  const deed = deeds[pageToken];
  return deed === undefined ? shown("nothing") : deed(pageSize, context);
}

/** Waits for what never comes, or for its signal. */
export async function getUser({ id }: GetUserRequest, { signal }: HandlerContext) {
  if (id.startsWith("0")) await delay(1_000_000, undefined, { signal });
  return { user: { id, displayName: String(threadId) } };
}

export function* streamUsers({ limit }: StreamUsersRequest): Generator<{ user: Partial<User> }> {
  const last = unsendable[limit];
  try {
    for (let n = 1; n <= limit; n++) {
      if (last !== undefined && n === 2) yield last() as { user: Partial<User> };
      yield { user: { displayName: `user ${n}` } };
    }
  } finally {
    left++;
  }
}

export const createUser = () => ({});
export const updateUser = async () => ({});
