// The floor for Connect JSON over HTTP/1.1: node:http, decode, encode, nothing else.
import { createServer } from "node:http";
import { create, fromJson, toJson } from "@bufbuild/protobuf";
import { EchoRequestSchema, EchoResponseSchema } from "../gen/bench/v1/bench_pb.ts";
import { serveControl } from "./control.ts";
import { listenOnLoopback } from "./listen.ts";

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const [only] = chunks;
    const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    const { text, number } = fromJson(EchoRequestSchema, JSON.parse(body.toString()));
    const answer = JSON.stringify(toJson(EchoResponseSchema, create(EchoResponseSchema, { text, number })));
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(answer),
    });
    response.end(answer);
  });
});
serveControl({ port: await listenOnLoopback(server) });
