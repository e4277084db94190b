// Stock connect-node alone: `node connect-node.ts http1|http2`.
import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { BenchService } from "../gen/bench/v1/bench_pb.ts";
import { serveControl } from "./control.ts";
import { handlers } from "./handlers.ts";
import { listenOnLoopback } from "./listen.ts";

const adapter = connectNodeAdapter({ routes: (router) => router.service(BenchService, handlers) });
const server = process.argv[2] === "http1" ? createHttp1(adapter) : createHttp2(adapter);
serveControl({ port: await listenOnLoopback(server) });
