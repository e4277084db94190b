// @grpc/grpc-js with @grpc/proto-loader, as its documentation has it; protobufjs is also the faster codec.
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { element, smallText } from "../messages.ts";
import { serveControl } from "./control.ts";

const proto = fileURLToPath(new URL("../proto/bench/v1/bench.proto", import.meta.url));
const definition = loadSync(proto)["bench.v1.BenchService"];
// The loader's type covers messages as well; this name is a service.
const service = definition as unknown as grpc.ServiceDefinition;

interface Small {
  readonly text: string;
  readonly number: number;
}
type Unary<I> = (call: { readonly request: I }, done: (error: null, answer: object) => void) => void;

const echo: Unary<Small> = ({ request: { text, number } }, done) => done(null, { text, number });
const list: Unary<{ readonly count: number }> = ({ request: { count } }, done) =>
  done(null, { elements: Array.from({ length: count }, (_, index) => element(index)) });
const blob: Unary<{ readonly data: Buffer }> = ({ request: { data } }, done) => done(null, { data });

async function stream(call: grpc.ServerWritableStream<{ readonly count: number }, Small>): Promise<void> {
  for (let number = 1; number <= call.request.count; number++) {
    if (!call.write({ number, text: smallText })) await new Promise((resolve) => call.once("drain", resolve));
  }
  call.end();
}

function chat(call: grpc.ServerDuplexStream<Small, Small>): void {
  call.on("data", ({ number, text }: Small) => call.write({ number, text }));
  call.on("end", () => call.end());
}

function idle(call: grpc.ServerWritableStream<object, { readonly text: string }>): void {
  call.write({ text: smallText });
}

const server = new grpc.Server();
server.addService(service, { echo, list, blob, stream, chat, idle, wait() {} });
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  serveControl({ port });
});
