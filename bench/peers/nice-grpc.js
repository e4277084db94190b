// nice-grpc over @grpc/grpc-js, with the codecs of @grpc/proto-loader. Plain JavaScript, because the package is
// installed for the benchmark alone and the type checker has to do without it.
import { fileURLToPath } from "node:url";
import { loadSync } from "@grpc/proto-loader";
import { createServer } from "nice-grpc";
import { element, smallText } from "../messages.ts";
import { serveControl } from "./control.ts";

const proto = fileURLToPath(new URL("../proto/bench/v1/bench.proto", import.meta.url));
const server = createServer();
server.add(loadSync(proto)["bench.v1.BenchService"], {
  Echo: async ({ text, number }) => ({ text, number }),
  List: async ({ count }) => ({ elements: Array.from({ length: count }, (_, index) => element(index)) }),
  Blob: async ({ data }) => ({ data }),
  async *Stream({ count }) {
    for (let number = 1; number <= count; number++) yield { number, text: smallText };
  },
  async *Chat(requests) {
    for await (const { number, text } of requests) yield { number, text };
  },
  async *Idle(_request, { signal }) {
    yield { text: smallText };
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  },
  Wait: async () => ({}),
});
serveControl({ port: await server.listen("127.0.0.1:0") });
