import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { test } from "node:test";
import { createRegistry } from "@bufbuild/protobuf";
import { createCodecs } from "../../../../../src/runrpc/codec/codecs.ts";
import { createCalls } from "../../../../../src/runrpc/server/call/calls.ts";
import { createGate } from "../../../../../src/runrpc/server/gate.ts";
import { createAnswerCompression } from "../../../../../src/runrpc/server/lanes/answer-compression.ts";
import { createPlans } from "../../../../../src/runrpc/server/lanes/fast/plan.ts";
import { silentLog } from "../../../../../src/runrpc/server/log.ts";
import { createRefusals } from "../../../../../src/runrpc/server/refusals.ts";
import { createRoutes } from "../../../../../src/runrpc/server/routes/routes.ts";
import { resolveSettings } from "../../../../../src/runrpc/server/settings.ts";
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
  compression: createAnswerCompression({ minBytes: 0, encodings: [], loopback: false }),
});
const calls = createCalls({ log: silentLog, debug: false, mapError: () => undefined, onRecord: () => {} });
const { limits } = resolveSettings({});
const refusalOf = createRefusals(createGate({ ...limits, authenticator: undefined, openCalls: () => 0 }));

const UNARY = "/rig.users.v1.UserService/GetUser";
const SAFE = "/rig.users.v1.UserService/ListUsers";
const SERVER_STREAM = "/rig.users.v1.UserService/StreamUsers";
const BIDI = "/rig.chat.v1.ChatService/Chat";

/** The protocol in which the fast lane takes a request, and the type of its answer; the status with which HTTP refuses it. */
function taken(
  path: string,
  headers: IncomingHttpHeaders,
  httpVersion: "1.0" | "1.1" | "2.0" = "2.0",
  httpMethod = "POST",
  query = "",
): string | number {
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
  const refused = refusalOf(call, httpMethod);
  if (refused !== undefined) return refused.status;
  const { protocol, contentType } = findPlan(call, { httpMethod, target: `${path}${query}` });
  return `${protocol.name}: ${contentType}`;
}

const type = (value: string, more: IncomingHttpHeaders = {}): IncomingHttpHeaders => ({
  "content-type": value,
  ...more,
});

const CASES: readonly (readonly [string, string | number, ...Parameters<typeof taken>])[] = [
  ["gRPC", "grpc: application/grpc+proto", UNARY, type("application/grpc")],
  ["gRPC JSON", "grpc: application/grpc+json", UNARY, type("application/grpc+json")],
  ["a gRPC stream", "grpc: application/grpc+proto", BIDI, type("application/grpc+proto")],
  ["gRPC over HTTP/1.1", "grpc: application/grpc+proto", UNARY, type("application/grpc"), "1.1"],
  ["gRPC over HTTP/1.0", 505, UNARY, type("application/grpc"), "1.0"],
  ["gRPC in another format", 415, UNARY, type("application/grpc+thrift")],
  ["gRPC-Web", "grpc-web: application/grpc-web+proto", UNARY, type("application/grpc-web+proto"), "1.1"],
  [
    "gRPC-Web that accepts text",
    "grpc-web: application/grpc-web-text+proto",
    UNARY,
    type("application/grpc-web", { accept: "application/grpc-web-text" }),
  ],
  [
    "gRPC-Web JSON that accepts text",
    "grpc-web: application/grpc-web-text+json",
    SERVER_STREAM,
    type("application/grpc-web+json", { accept: "application/grpc-web-text" }),
  ],
  [
    "gRPC-Web text",
    "grpc-web: application/grpc-web-text+proto",
    UNARY,
    type("application/grpc-web-text"),
    "1.1",
  ],
  ["Connect JSON", "connect: application/json", UNARY, type("application/json"), "1.1"],
  ["Connect JSON over HTTP/1.0", "connect: application/json", UNARY, type("application/json"), "1.0"],
  ["a Connect stream", "connect: application/connect+json", SERVER_STREAM, type("application/connect+json")],
  ["Connect's unary type on a stream", 415, SERVER_STREAM, type("application/json")],
  ["Connect's stream type on a unary method", 415, UNARY, type("application/connect+json")],
  ["a bidirectional stream over HTTP/1.1", 505, BIDI, type("application/connect+proto"), "1.1"],
  ["Connect GET of JSON", "connect: application/json", SAFE, {}, "1.1", "GET", "?encoding=json&message="],
  ["Connect GET of bytes", "connect: application/proto", SAFE, {}, "2.0", "GET", "?message=&encoding=proto"],
  ["Connect GET without a query", "connect: application/json", SAFE, {}, "2.0", "GET"],
  ["GET with a type of a stream", 415, SAFE, type("application/connect+json"), "2.0", "GET"],
  ["GET with a type that nobody serves", 415, SAFE, type("text/plain"), "2.0", "GET"],
  ["GET of a method that changes something", 405, "/rig.users.v1.UserService/CreateUser", {}, "2.0", "GET"],
  ["GET of a stream", 405, SERVER_STREAM, {}, "2.0", "GET"],
  ["PUT", 405, UNARY, type("application/json"), "1.1", "PUT"],
  ["no content type", 415, UNARY, {}],
  ["an unknown method", 404, "/rig.users.v1.UserService/Nothing", type("application/grpc")],
];

for (const [title, expected, ...request] of CASES) {
  test(`${title} is ${typeof expected === "number" ? `refused with ${expected}` : "taken"}`, () => {
    assert.equal(taken(...request), expected);
  });
}

test("whatever is let through has a plan", () => {
  const types = TYPES_OF_EACH.flatMap((prefix) => ["", "+proto", "+json"].map((format) => prefix + format));
  for (const route of routes.all)
    for (const contentType of [...types, undefined])
      for (const httpVersion of ["1.0", "1.1", "2.0"] as const)
        for (const httpMethod of ["POST", "GET", "PUT", "HEAD", "OPTIONS"]) {
          const headers =
            contentType === undefined ? {} : type(contentType, { accept: "application/grpc-web-text" });
          assert.ok(taken(route.path, headers, httpVersion, httpMethod));
        }
});

const TYPES_OF_EACH = [
  "application/grpc",
  "application/grpc-web",
  "application/grpc-web-text",
  "application/connect",
  "application",
  "application/proto",
  "application/json",
  "",
];
