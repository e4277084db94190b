import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { test } from "node:test";
import { createRegistry } from "@bufbuild/protobuf";
import { createCodecs } from "../../../../../src/runrpc/codec/codecs.ts";
import { createCalls } from "../../../../../src/runrpc/server/call/calls.ts";
import { createPlans } from "../../../../../src/runrpc/server/lanes/fast/plan.ts";
import { silentLog } from "../../../../../src/runrpc/server/log.ts";
import { createRoutes } from "../../../../../src/runrpc/server/routes/routes.ts";
import { ChatService } from "../../../../gen/rig/chat/v1/chat_pb.ts";
import { UserService } from "../../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../../part-of-service.ts";

const routes = createRoutes({
  definitions: [partOfService(UserService, {}), partOfService(ChatService, {})],
  defaults: { unaryDeadlineMs: 0, maxDeadlineMs: 0, maxRequestBytes: 100 },
  interceptorsFor: () => [],
});
const findPlan = createPlans(routes.all, {
  maxResponseBytes: 100,
  registry: createRegistry(),
  find: createCodecs([]),
});
const calls = createCalls({ log: silentLog, debug: false, mapError: () => undefined, onRecord: () => {} });

const UNARY = "/rig.users.v1.UserService/GetUser";
const SERVER_STREAM = "/rig.users.v1.UserService/StreamUsers";
const BIDI = "/rig.chat.v1.ChatService/Chat";

/** The protocol in which the fast lane takes a request; undefined when it leaves it to the stock lane. */
function taken(
  path: string,
  headers: IncomingHttpHeaders,
  httpVersion: "1.0" | "1.1" | "2.0" = "2.0",
  httpMethod = "POST",
): string | undefined {
  const call = calls.begin({
    route: routes.find(path),
    path,
    headers,
    protocol: "connect",
    httpVersion,
    peer: "::1",
    requestId: "1",
    timeoutMs: undefined,
    corsHeaders: undefined,
  });
  return findPlan(call, httpMethod)?.protocol.name;
}

const type = (value: string, more: IncomingHttpHeaders = {}): IncomingHttpHeaders => ({
  "content-type": value,
  ...more,
});

const CASES: readonly (readonly [string, ReturnType<typeof taken>, ...Parameters<typeof taken>])[] = [
  ["gRPC", "grpc", UNARY, type("application/grpc")],
  ["gRPC JSON", "grpc", UNARY, type("application/grpc+json")],
  ["a gRPC stream", "grpc", BIDI, type("application/grpc+proto")],
  ["gRPC that accepts gzip", "grpc", UNARY, type("application/grpc", { "grpc-accept-encoding": "gzip" })],
  ["gRPC that names identity", "grpc", UNARY, type("application/grpc", { "grpc-encoding": "identity" })],
  ["compressed gRPC", "grpc", UNARY, type("application/grpc", { "grpc-encoding": "gzip" })],
  ["gRPC in an unknown encoding", undefined, UNARY, type("application/grpc", { "grpc-encoding": "rot13" })],
  ["gRPC over HTTP/1.1", undefined, UNARY, type("application/grpc"), "1.1"],
  ["gRPC in another format", undefined, UNARY, type("application/grpc+thrift")],
  ["gRPC-Web", "grpc-web", UNARY, type("application/grpc-web+proto"), "1.1"],
  ["gRPC-Web text", undefined, UNARY, type("application/grpc-web-text"), "1.1"],
  ["Connect JSON", "connect", UNARY, type("application/json"), "1.1"],
  ["Connect JSON over HTTP/1.0", "connect", UNARY, type("application/json"), "1.0"],
  ["Connect JSON with its charset", "connect", UNARY, type("application/json; charset=utf-8")],
  ["compressed Connect", "connect", UNARY, type("application/proto", { "content-encoding": "br" })],
  ["a Connect stream", "connect", SERVER_STREAM, type("application/connect+json"), "1.1"],
  [
    "a compressed Connect stream",
    "connect",
    SERVER_STREAM,
    type("application/connect+json", { "connect-content-encoding": "gzip" }),
  ],
  ["Connect's unary type on a stream", undefined, SERVER_STREAM, type("application/json")],
  ["Connect's stream type on a unary method", undefined, UNARY, type("application/connect+json")],
  ["a bidirectional stream over HTTP/1.1", undefined, BIDI, type("application/connect+proto"), "1.1"],
  ["Connect GET", undefined, UNARY, {}, "1.1", "GET"],
  ["PUT", undefined, UNARY, type("application/json"), "1.1", "PUT"],
  ["no content type", undefined, UNARY, {}],
  ["an unknown method", undefined, "/rig.users.v1.UserService/Nothing", type("application/grpc")],
];

for (const [title, expected, ...request] of CASES) {
  test(`${title} is ${expected === undefined ? "left to the stock lane" : "taken"}`, () => {
    assert.equal(taken(...request), expected);
  });
}
