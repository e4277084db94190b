// Handlers for threads that do what no handler may.
import { threadId } from "node:worker_threads";
import type { HandlerContext } from "@connectrpc/connect";
import type { GetUserRequest, StreamUsersRequest } from "../../../gen/rig/users/v1/users_pb.ts";

// A thread that starts later may find another world.
if (process.env.FAULTY_HANDLERS !== undefined) throw new Error(process.env.FAULTY_HANDLERS);

/** What has happened in this thread. */
const notes: string[] = [];

const forever = new Promise<never>(() => {});

/** What a stream does, by the limit that is asked for. */
export const STREAM = {
  heedsReturnAlone: 1,
  yieldsNoMessage: 2,
  throwsInItsEnd: 3,
  yieldsWhatRejects: 4,
  leavesBehind: 5,
} as const;

/** An iterator whose wait only its `return` ends. */
function heedsReturnAlone(): AsyncIterable<object> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => forever,
      async return() {
        notes.push("told");
        return { done: true, value: undefined };
      },
    }),
  };
}

async function* yieldsNoMessage(): AsyncGenerator<object> {
  try {
    yield "text" as unknown as object; // wrong on purpose
  } finally {
    notes.push("left");
  }
}

async function* throwsInItsEnd({ signal }: HandlerContext): AsyncGenerator<object> {
  try {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    yield {};
  } finally {
    // biome-ignore lint/correctness/noUnsafeFinally: it is what the test is about
    throw new Error("the end of a stream");
  }
}

async function* leavesBehind(): AsyncGenerator<object> {
  yield {};
  await new Promise(setImmediate);
  void Promise.reject(new Error("a stream in a thread"));
}

function* yieldsWhatRejects(): Generator<object> {
  try {
    yield Promise.reject(new Error("a value"));
  } finally {
    notes.push("closed");
  }
}

export function streamUsers({ limit }: StreamUsersRequest, context: HandlerContext) {
  if (limit === STREAM.heedsReturnAlone) return heedsReturnAlone();
  if (limit === STREAM.yieldsNoMessage) return yieldsNoMessage();
  if (limit === STREAM.leavesBehind) return leavesBehind();
  return limit === STREAM.yieldsWhatRejects ? yieldsWhatRejects() : throwsInItsEnd(context);
}

/** The thread, and what has happened in it. */
export function listUsers() {
  return { users: [String(threadId), ...notes].map((displayName) => ({ displayName })) };
}

/** Leaves behind what nobody catches, by the first letter of the id; 0 waits for its signal, 3 ends the thread. */
export async function getUser({ id }: GetUserRequest, { signal }: HandlerContext) {
  if (id.startsWith("1")) void Promise.reject(new Error("rejection in a thread"));
  if (id.startsWith("2"))
    setImmediate(() => {
      throw new Error("timer in a thread");
    });
  if (id.startsWith("3")) process.exit(3);
  if (id.startsWith("0"))
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  return { user: { id, displayName: String(threadId) } };
}

export const createUser = () => ({});
export const updateUser = () => ({});
