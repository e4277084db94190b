// The floor for gRPC on our own engine: the same as bare-http2.ts, without node:http2.
import { createServer } from "node:net";
import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { createHttp2Engine } from "../../src/runrpc/server/http2/engine.ts";
import { HTTP2_DEFAULTS } from "../../src/runrpc/server/http2/options.ts";
import type { Stream, StreamHandler } from "../../src/runrpc/server/http2/stream.ts";
import * as bench from "../gen/bench/v1/bench_pb.ts";
import { element, smallText } from "../messages.ts";
import { serveControl } from "./control.ts";
import { listenOnLoopback } from "./listen.ts";

const responseHeaders = { "content-type": "application/grpc+proto" };
const trailers = { "grpc-status": "0" };

const methods: Readonly<Record<string, (stream: Stream) => StreamHandler>> = {
  Echo: unary(bench.EchoRequestSchema, ({ text, number }) =>
    encode(bench.EchoResponseSchema, create(bench.EchoResponseSchema, { text, number })),
  ),
  List: unary(bench.ListRequestSchema, ({ count }) => {
    const elements = Array.from({ length: count }, (_, index) => create(bench.ElementSchema, element(index)));
    return encode(bench.ListResponseSchema, create(bench.ListResponseSchema, { elements }));
  }),
  Blob: unary(bench.BlobRequestSchema, ({ data }) =>
    encode(bench.BlobResponseSchema, create(bench.BlobResponseSchema, { data })),
  ),
  Stream(stream) {
    let drained: (() => void) | undefined;
    const run = async (bytes: Buffer): Promise<void> => {
      const { count } = fromBinary(bench.StreamRequestSchema, bytes);
      for (let number = 1; number <= count; number++) {
        const message = create(bench.StreamResponseSchema, { number, text: smallText });
        if (!stream.write(encode(bench.StreamResponseSchema, message)))
          await new Promise<void>((resolve) => {
            drained = resolve;
          });
      }
      stream.end(undefined, trailers);
    };
    return { ...onMessage(run), drained: () => drained?.() };
  },
  Chat: (stream) => ({
    ...onMessage((bytes) => {
      const { number, text } = fromBinary(bench.ChatRequestSchema, bytes);
      stream.write(encode(bench.ChatResponseSchema, create(bench.ChatResponseSchema, { number, text })));
    }),
    ended: () => stream.end(undefined, trailers),
  }),
  Idle: (stream) =>
    onMessage(() => {
      stream.write(encode(bench.IdleResponseSchema, create(bench.IdleResponseSchema, { text: smallText })));
    }),
};

const engine = createHttp2Engine(
  { ...HTTP2_DEFAULTS, maxConcurrentStreams: 1_000 },
  {
    onDropped() {},
    onError(error) {
      throw error;
    },
    onStream(stream) {
      const path = stream.headers[":path"] ?? "";
      const method = methods[path.slice(path.lastIndexOf("/") + 1)];
      if (method === undefined) {
        stream.respond(404, {}, true);
        return;
      }
      stream.respond(200, responseHeaders);
      stream.handler = method(stream);
      stream.start();
    },
  },
);
const server = createServer({ noDelay: true }, (socket) => {
  engine.serve(socket);
});
serveControl({ port: await listenOnLoopback(server) });

function unary<D extends DescMessage>(schema: D, answer: (message: MessageShape<D>) => Buffer) {
  return (stream: Stream): StreamHandler =>
    onMessage((bytes) => stream.end(answer(fromBinary(schema, bytes)), trailers));
}

/** Calls with each message that comes in. */
function onMessage(run: (bytes: Buffer) => void): StreamHandler {
  let pieces: Buffer[] = [];
  let have = 0;
  let need = 5;
  return {
    data(chunk) {
      have += chunk.length;
      pieces.push(chunk);
      if (have < need) return;
      let bytes = pieces.length === 1 ? chunk : Buffer.concat(pieces);
      need = 5;
      while (bytes.length >= 5) {
        need = 5 + bytes.readUInt32BE(1);
        if (bytes.length < need) break;
        run(bytes.subarray(5, need));
        bytes = bytes.subarray(need);
        need = 5;
      }
      have = bytes.length;
      pieces = have === 0 ? [] : [bytes];
    },
    ended() {},
    drained() {},
    finished() {},
    closed() {},
  };
}

/** One allocation: the five bytes of the envelope, then the message. */
function encode<D extends DescMessage>(schema: D, message: MessageShape<D>): Buffer {
  const body = toBinary(schema, message);
  const bytes = Buffer.allocUnsafe(5 + body.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(body.length, 1);
  bytes.set(body, 5);
  return bytes;
}
