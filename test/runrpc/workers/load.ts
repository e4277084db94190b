import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import { type ConnectedClient, connect } from "../../../src/runrpc/client.ts";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";

/**
 * Callers that go on calling, each over a connection of its own, by gRPC's own client. It tries a call again that the server says it has
 * not looked at (https://grpc.io/docs/guides/retry/, transparent retries), and no other.
 */
export interface Load extends AsyncDisposable {
  /** What calls ended with that were not answered: no call is left without an end. */
  readonly failures: readonly string[];
  /** Resolves when every caller has been answered `count` times more. */
  more(count: number): Promise<void>;
}

/** How many callers there are, and by which key. */
export interface LoadOptions {
  readonly key: string;
  readonly count: number;
  /** The authority of the server's certificate, PEM. Default: cleartext. */
  readonly ca?: string | undefined;
  readonly onHeader?: ((headers: Metadata) => void) | undefined;
}

/** Starts as many callers of a unary method. */
export function startLoad(url: string, { key, count, ca, onHeader = () => {} }: LoadOptions): Load {
  const failures: string[] = [];
  let isOver = false;
  const metadata = new Metadata();
  metadata.set("x-api-key", key);
  const heard = new Set<() => void>();
  const callers = Array.from({ length: count }, () => ({ answered: 0 }));
  const running = callers.map(async (caller) => {
    // Channels that are alike would share one connection.
    const client = new Client(
      new URL(url).host,
      ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca)),
      { "grpc.use_local_subchannel_pool": 1 },
    );
    while (!isOver) {
      const outcome = await new Promise<string>((resolve) => {
        const deadline = Date.now() + GIVE_UP_MS;
        client
          .makeUnaryRequest(LIST_USERS, asIs, asIs, Buffer.alloc(0), metadata, { deadline }, (error) =>
            resolve(error === null ? "OK" : `${status[error.code]}: ${error.details}`),
          )
          .on("metadata", onHeader);
      });
      if (outcome === "OK") caller.answered++;
      else failures.push(outcome);
      for (const hear of heard) hear();
      await delay(PAUSE_MS);
    }
    client.close();
  });
  return {
    failures,
    async more(wanted) {
      const before = callers.map(({ answered }) => answered);
      const giveUp = AbortSignal.timeout(2 * GIVE_UP_MS);
      while (callers.some(({ answered }, index) => answered < (before[index] ?? 0) + wanted)) {
        // Each caller ends its call, one way or the other.
        const ended = Promise.withResolvers<void>();
        heard.add(ended.resolve);
        await ended.promise;
        heard.delete(ended.resolve);
        assert.ok(
          !giveUp.aborted,
          `no ${wanted} answers for each: ${JSON.stringify(callers)} ${failures.slice(-5)}`,
        );
      }
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await Promise.all(running);
    },
  };
}

/** How long a call or a state is waited for, in milliseconds. */
const GIVE_UP_MS = 120_000;

/** Between two calls of one caller, in milliseconds: other processes are to have their turns on a small machine. */
const PAUSE_MS = 5;

/** It is sent an empty request. */
const LIST_USERS = "/rig.users.v1.UserService/ListUsers";

const asIs = (bytes: Buffer): Buffer => bytes;

/** Opens a chat, which lasts until its server ends it. Resolves when it is joined. */
export async function openChat(url: string, key: string): Promise<{ ended: Promise<string>; close(): void }> {
  const client: ConnectedClient<typeof ChatService> = connect(url, ChatService, { key, retry: false });
  const leave = new AbortController();
  async function* requests() {
    yield { room: "a", text: "hello" };
    await new Promise((resolve) => leave.signal.addEventListener("abort", resolve));
  }
  const stream = client.chat(requests(), { signal: leave.signal })[Symbol.asyncIterator]();
  await stream.next();
  const ended = (async () => {
    try {
      while ((await stream.next()).done !== true) {}
      return "ok";
    } catch (reason) {
      return Code[ConnectError.from(reason).code] ?? "?";
    }
  })();
  return {
    ended,
    close() {
      leave.abort();
      client[Symbol.dispose]();
    },
  };
}

/** Clients that come again and again, each time over a new connection. */
export interface Visitors extends AsyncDisposable {
  /** The status of each answer, or the name of the error in its place. */
  readonly outcomes: readonly string[];
}

/** Starts as many visitors. */
export function startVisitors(url: string, count: number): Visitors {
  const outcomes: string[] = [];
  let isOver = false;
  const running = Array.from({ length: count }, async () => {
    while (!isOver) {
      const answer = await fetch(`${url}/readyz`, {
        headers: { connection: "close" },
        signal: AbortSignal.timeout(GIVE_UP_MS),
      }).catch((error: Error) => error);
      outcomes.push(answer instanceof Error ? answer.name : String(answer.status));
      if (answer instanceof Response) await answer.text().catch(() => {});
      await delay(PAUSE_MS);
    }
  });
  return {
    outcomes,
    async [Symbol.asyncDispose]() {
      isOver = true;
      await Promise.all(running);
    },
  };
}
