// The floor for gRPC, and for Connect JSON over HTTP/2: node:http2's core API, decode, encode, framing and trailers, nothing
// else. `node bare-http2.ts`, or with the files of a key and its certificate for TLS.
import { readFileSync } from "node:fs";
import { createSecureServer, createServer, type ServerHttp2Stream } from "node:http2";
import {
  create,
  type DescMessage,
  fromBinary,
  fromJson,
  type MessageShape,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import * as bench from "../gen/bench/v1/bench_pb.ts";
import { element, smallText } from "../messages.ts";
import { serveControl } from "./control.ts";
import { listenOnLoopback } from "./listen.ts";

const responseHeaders = { ":status": 200, "content-type": "application/grpc+proto" };

const methods: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
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
    onMessage(stream, async (bytes) => {
      const { count } = fromBinary(bench.StreamRequestSchema, bytes);
      for (let number = 1; number <= count; number++) {
        const message = create(bench.StreamResponseSchema, { number, text: smallText });
        if (!stream.write(encode(bench.StreamResponseSchema, message)))
          await new Promise((resolve) => stream.once("drain", resolve));
      }
      stream.end();
    });
  },
  Chat(stream) {
    onMessage(stream, (bytes) => {
      const { number, text } = fromBinary(bench.ChatRequestSchema, bytes);
      stream.write(encode(bench.ChatResponseSchema, create(bench.ChatResponseSchema, { number, text })));
    });
    stream.on("end", () => stream.end());
  },
  Idle(stream) {
    onMessage(stream, () => {
      stream.write(encode(bench.IdleResponseSchema, create(bench.IdleResponseSchema, { text: smallText })));
    });
  },
};

const [keyFile, certFile] = process.argv.slice(2);
const server =
  keyFile === undefined || certFile === undefined
    ? createServer()
    : createSecureServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) });
server.on("stream", (stream, headers) => {
  if (headers["content-type"] === "application/json") {
    echoJson(stream);
    return;
  }
  const path = headers[":path"] ?? "";
  const method = methods[path.slice(path.lastIndexOf("/") + 1)];
  if (method === undefined) {
    stream.respond({ ":status": 404 }, { endStream: true });
    return;
  }
  stream.respond(responseHeaders, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.on("error", () => {});
  method(stream);
});
serveControl({ port: await listenOnLoopback(server) });

function echoJson(stream: ServerHttp2Stream): void {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", () => {
    const { text, number } = fromJson(bench.EchoRequestSchema, JSON.parse(Buffer.concat(chunks).toString()));
    const answer = create(bench.EchoResponseSchema, { text, number });
    stream.respond({ ":status": 200, "content-type": "application/json" });
    stream.end(JSON.stringify(toJson(bench.EchoResponseSchema, answer)));
  });
}

function unary<D extends DescMessage>(schema: D, answer: (message: MessageShape<D>) => Buffer) {
  return (stream: ServerHttp2Stream) =>
    onMessage(stream, (bytes) => stream.end(answer(fromBinary(schema, bytes))));
}

/** Calls with each message that comes in. */
function onMessage(stream: ServerHttp2Stream, run: (bytes: Buffer) => void): void {
  let pieces: Buffer[] = [];
  let have = 0;
  let need = 5;
  stream.on("data", (chunk: Buffer) => {
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
  });
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
