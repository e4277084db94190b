import type { HandlerContext } from "@connectrpc/connect";
import type { CallRecord } from "../../../src/runrpc/server/call/record.ts";
import { defineService } from "../../../src/runrpc/server/routes/service.ts";
import { type Server, startServer } from "../../../src/runrpc/server/server.ts";
import { WireService } from "../../gen/rig/wire/v1/wire_pb.ts";

/** A server of WireService. */
export interface WireServer {
  readonly port: number;
  /** How the calls of Hang have ended since the last time, in order; waits until there are so many. */
  takeEnds(count: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface WireOptions {
  readonly http2: "own" | "node";
  readonly tls?: { readonly keyFile: string; readonly certFile: string };
  /** Whose pages may call. */
  readonly corsOrigins?: readonly string[];
}

export async function startWireServer({ http2, tls, corsOrigins }: WireOptions): Promise<WireServer> {
  let ends: string[] = [];
  let tell = (): void => {};
  const server: Server = await startServer({
    services: [defineService(WireService, handlers)],
    keys: "open",
    server: { host: "127.0.0.1", port: 0, lane: "auto", http2 },
    ...(tls === undefined ? {} : { tls: { keyFile: tls.keyFile, certFile: tls.certFile } }),
    ...(corsOrigins === undefined ? {} : { cors: { origins: [...corsOrigins] } }),
    onRecord(record) {
      if (record.method !== "Hang") return;
      ends.push(endOf(record));
      tell();
    },
  });
  return {
    port: server.port,
    async takeEnds(count) {
      while (ends.length < count) {
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
      const taken = ends.toSorted();
      ends = [];
      return taken;
    },
    close: () => server.drain(),
  };
}

/** The client's timer and the server's run side by side, so either may end a call at its deadline. */
function endOf({ code, cancelledBy, durationMs }: CallRecord): string {
  const isExpired = cancelledBy === "client" && durationMs >= EXPIRED_MS;
  return isExpired ? "deadline_exceeded by deadline" : `${code} by ${cancelledBy}`;
}

/** Clients give the call that they leave up at once, and the other one 300 ms. */
const EXPIRED_MS = 250;

const handlers = {
  echo: ({ value }: { readonly value: Uint8Array }) => ({ value }),
  async *count({ value }: { readonly value: number }) {
    for (let number = 1; number <= value; number++) yield { value: number };
  },
  async sum(requests: AsyncIterable<{ readonly value: number }>) {
    let total = 0;
    for await (const { value } of requests) total += value;
    return { value: total };
  },
  async *chat(requests: AsyncIterable<{ readonly value: Uint8Array }>) {
    for await (const { value } of requests) yield { value };
  },
  async *hang(_: unknown, { signal }: HandlerContext) {
    yield { value: 1 };
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  },
};
