import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import type { Connection } from "../../../../src/runrpc/server/http2/connection.ts";
import { createHttp2Engine } from "../../../../src/runrpc/server/http2/engine.ts";
import { HTTP2_DEFAULTS, type Http2Options } from "../../../../src/runrpc/server/http2/options.ts";
import type { Stream } from "../../../../src/runrpc/server/http2/stream.ts";

/** A server on the bare engine. */
export interface Served {
  readonly port: number;
  /** In the order of their arrival. */
  readonly connections: readonly Connection[];
  readonly sockets: readonly Socket[];
  /** What handlers threw. */
  readonly errors: readonly unknown[];
  /** Streams that were reset within the read that opened them. */
  readonly dropped: () => number;
}

/** Serves each stream by `onStream`, until the test ends. */
export async function serve(
  t: TestContext,
  onStream: (stream: Stream) => void,
  options: Partial<Http2Options> = {},
  tls?: { readonly key: string; readonly cert: string },
): Promise<Served> {
  const connections: Connection[] = [];
  const sockets: Socket[] = [];
  const errors: unknown[] = [];
  let dropped = 0;
  const engine = createHttp2Engine(
    { ...HTTP2_DEFAULTS, ...options },
    {
      onStream,
      onDropped() {
        dropped++;
      },
      onError: (error) => errors.push(error),
    },
  );
  const take = (socket: Socket): void => {
    sockets.push(socket);
    connections.push(engine.serve(socket));
  };
  const server =
    tls === undefined
      ? createServer({ noDelay: true, allowHalfOpen: true }, take)
      : createTlsServer({ ...tls, noDelay: true, ALPNProtocols: ["h2"] }, take);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // it listens on a port
  return { port, connections, sockets, errors, dropped: () => dropped };
}

/** What a stream was told, in order. */
export interface Heard {
  readonly stream: Stream;
  readonly events: (string | number)[];
  /** Settles with the code of the end. */
  readonly closed: Promise<number>;
}

/** Listens to a stream and begins to read it. Chunks are told by their length. */
export function listenTo(stream: Stream, onEnded: () => void = () => {}): Heard {
  const events: (string | number)[] = [];
  const { promise, resolve } = Promise.withResolvers<number>();
  stream.handler = {
    data: (chunk) => events.push(chunk.length),
    ended() {
      events.push("ended");
      onEnded();
    },
    drained: () => events.push("drained"),
    finished() {},
    closed(code) {
      events.push(`closed ${code}`);
      resolve(code);
    },
  };
  stream.start();
  return { stream, events, closed: promise };
}

/** Answers every request with its body's length, once it is whole. */
export function countBody(stream: Stream): void {
  let bytes = 0;
  stream.handler = {
    data(chunk) {
      bytes += chunk.length;
    },
    ended() {
      stream.respond(200, { "content-type": "text/plain" });
      stream.end(Buffer.from(String(bytes)));
    },
    drained() {},
    finished() {},
    closed() {},
  };
  stream.start();
}
