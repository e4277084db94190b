import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, type OutgoingHttpHeaders } from "node:http2";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import {
  type Listener,
  type ListenerOptions,
  listen,
  type RequestHandlers,
} from "../../../../src/runrpc/server/listener/listen.ts";
import { frame, PING, parse } from "./frames.ts";

export const OPTIONS: ListenerOptions = {
  host: "127.0.0.1",
  port: 0,
  firstByteTimeoutMs: 5_000,
  headersTimeoutMs: 10_000,
  idleTimeoutMs: 300_000,
  pingIntervalMs: 60_000,
  pingTimeoutMs: 20_000,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 0,
  maxConcurrentStreams: 100,
  maxHeaderBytes: 16_384,
  maxHeaderPairs: 64,
  http2: "node",
};

/** Answers with its version, path and the peer's address, so that a test sees who served it. */
export const ECHO: RequestHandlers = {
  onStream(stream, headers) {
    stream.respond({ ":status": 200 });
    stream.end(`2 ${headers[":path"]} ${stream.session?.socket.remoteAddress}`);
  },
  onRequest(request: IncomingMessage, response: ServerResponse) {
    response.end(`1 ${request.url} ${request.socket.remoteAddress}`);
  },
};

/** A listener that ends with its test. */
export async function start(
  t: TestContext,
  options: Partial<ListenerOptions> = {},
  handlers: Partial<RequestHandlers> = {},
): Promise<Listener> {
  const listener = await listen({ ...OPTIONS, ...options }, { ...ECHO, ...handlers });
  t.after(() => listener.destroy());
  return listener;
}

/** A TCP connection to the listener. Errors are left to the test: it looks at what was said before them. */
export function tcp(t: TestContext, listener: Listener): Socket {
  const socket = connect({ port: listener.port, host: listener.host, allowHalfOpen: true });
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  return socket;
}

/** Waits until the listener has so many connections. */
export async function accepted(listener: Listener, count: number): Promise<void> {
  while (listener.stats().connections < count) await new Promise(setImmediate);
}

/** An HTTP/2 peer that says what it is told to, and answers no PING by itself. */
export function rawHttp2(t: TestContext, listener: Listener) {
  const socket = tcp(t, listener);
  let bytes = Buffer.alloc(0);
  let pings = 0;
  const ended = once(socket, "close");
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  socket.once("end", () => socket.end());
  const payloads = (type: number, flags = 0) =>
    parse(bytes)
      .filter((each) => each.type === type && (each.flags & 1) === flags)
      .map(({ payload }) => Buffer.from(payload));
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await once(socket, "data");
  };
  return {
    ended,
    send: (...parts: readonly Buffer[]) => void socket.write(Buffer.concat(parts)),
    /** The payloads of the frames of a type, once there are so many. */
    async frames(type: number, count: number): Promise<readonly Buffer<ArrayBuffer>[]> {
      await until(() => payloads(type).length >= count);
      return payloads(type);
    },
    /** Waits until all that was sent has been read: a PING behind it is answered, and one turn has passed. */
    async synced(): Promise<void> {
      pings++;
      socket.write(frame(PING, 0, 0, Buffer.alloc(8)));
      await until(() => payloads(PING, 1).length >= pings);
      await new Promise(setImmediate);
    },
    /** The bodies of all answers, one behind the other. */
    bodies: () =>
      parse(bytes)
        .filter(({ type }) => type === 0)
        .map(({ payload }) => payload.toString())
        .join(""),
  };
}

/** Sends `text` on a connection of its own and gives what was answered when the server has closed. */
export async function say(t: TestContext, listener: Listener, text: string): Promise<string> {
  const socket = tcp(t, listener);
  socket.write(text);
  return await heard(socket);
}

/** All that comes until the other side ends or is gone. */
export function heard(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    text += chunk;
  });
  socket.once("end", () => {
    socket.end();
    resolve(text);
  });
  socket.once("close", () => resolve(text));
  return promise;
}

export function http2(t: TestContext, listener: Listener, options = {}): ClientHttp2Session {
  const scheme = listener.encrypted ? "https" : "http";
  const session = connectHttp2(`${scheme}://127.0.0.1:${listener.port}`, options);
  session.on("error", () => {});
  t.after(() => session.destroy());
  return session;
}

/** One HTTP/2 request; `status` is 0 when the stream ended without an answer. */
export async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  body?: string,
): Promise<{ status: number; text: string; code: number | undefined }> {
  const stream = session.request({ ":path": "/", ...headers }, { endStream: body === undefined });
  let status = 0;
  let text = "";
  stream.setEncoding("utf8");
  stream.on("error", () => {});
  stream.on("response", (response) => {
    status = Number(response[":status"]);
  });
  stream.on("data", (chunk: string) => {
    text += chunk;
  });
  if (body !== undefined) stream.end(body);
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once("close", resolve);
  await promise;
  return { status, text, code: stream.rstCode };
}
