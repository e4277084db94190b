import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { isProbe, probeRefusal } from "./builtin/probes.ts";
import { type Call, headersOfEvery } from "./call/call.ts";
import type { Gate } from "./gate.ts";
import {
  answerOwnStream,
  answerRequest,
  answerStream,
  type PlainAnswer,
  textAnswer,
  unknownMethodAnswer,
} from "./http/answers.ts";
import { typesFor, wireOf } from "./http/content-type.ts";
import type { Stream } from "./http2/stream.ts";
import type { Route } from "./routes/routes.ts";

/** The answer to a call that HTTP itself refuses, which has failed by then; undefined: a lane serves it. */
export type RefusalOf = (call: Call, httpMethod: string) => PlainAnswer | undefined;

/**
 * Tells the calls that HTTP itself refuses, from their head alone: a method that nobody serves, an HTTP method that it does
 * not take (405), a body that is not one of its kind (415), and an HTTP version that cannot carry it (505). The last
 * three are told in plain text: their codes are what clients make of the HTTP status.
 */
export function createRefusals(gate: Gate): RefusalOf {
  return (call, httpMethod) => {
    const { route } = call.head;
    const answer =
      route === undefined ? unknownAnswer(gate, call, httpMethod) : httpRefusal(call, route, httpMethod);
    if (answer === undefined) return undefined;
    return { ...answer, headers: { ...answer.headers, ...headersOfEvery(call.head) } };
  };
}

/** Answers a refused call on an HTTP/2 stream, and ends it. */
export function refuseStream(
  call: Call,
  stream: ServerHttp2Stream,
  answer: PlainAnswer,
  isHead: boolean,
): void {
  stream.once("close", () => call.end());
  answerStream(stream, answer, isHead);
}

/** The same on a stream of our own engine. */
export function refuseOwnStream(call: Call, stream: Stream, answer: PlainAnswer): void {
  stream.handler = { ...IGNORE, closed: () => call.end() };
  answerOwnStream(stream, answer);
}

/** The same over HTTP/1.1. */
export function refuseRequest(
  call: Call,
  request: IncomingMessage,
  response: ServerResponse,
  answer: PlainAnswer,
): void {
  response.once("close", () => call.end());
  answerRequest(request, response, answer);
}

function unknownAnswer(gate: Gate, call: Call, httpMethod: string): PlainAnswer {
  const { path, headers, protocol } = call.head;
  const error = refusal(gate, call);
  return isProbe(path)
    ? probeRefusal(httpMethod)
    : unknownMethodAnswer(protocol, headers["content-type"], error);
}

/** Of a stream whose request nobody reads. */
const IGNORE = { data() {}, ended() {}, drained() {}, finished() {} };

/** What the gate throws at a call that it must refuse. */
function refusal(gate: Gate, call: Call): ConnectError {
  try {
    gate.admit(call);
  } catch (reason) {
    return call.fail(reason);
  }
  return call.fail(new Error(`nobody serves ${call.head.path}`));
}

function httpRefusal(call: Call, { method }: Route, httpMethod: string): PlainAnswer | undefined {
  const { httpVersion, headers } = call.head;
  const isUnary = method.methodKind === "unary";
  const isGet = httpMethod === "GET" && isUnary && isSafe(method.idempotency);
  if (httpMethod !== "POST" && !isGet) {
    const allowed = isUnary && isSafe(method.idempotency) ? "GET, POST" : "POST";
    const text = `${method.name} takes ${allowed.replace(", ", " and ")}, and not ${httpMethod.slice(0, 32)}`;
    return told(call, 405, text, { allow: allowed });
  }
  if (method.methodKind === "bidi_streaming" && httpVersion !== "2.0") {
    // A client that waits for both directions at once would hang: its connection ends.
    const text = `${method.name} streams both ways at once, which takes HTTP/2`;
    return told(call, 505, text, { connection: "close" });
  }
  const type = headers["content-type"];
  const wire = wireOf(type);
  if (isGet ? !type || wire === "connect-unary" : wire !== undefined && wire !== otherThan(isUnary)) {
    if (wire !== "grpc" || httpVersion !== "1.0") return undefined;
    return told(call, 505, "gRPC ends with trailers, which HTTP/1.0 does not have", {});
  }
  const types = typesFor(isUnary);
  const given = JSON.stringify(type?.slice(0, 100) ?? "");
  const text = `the content type ${given} is not served here: send one of ${types}`;
  return told(call, 415, text, { "accept-post": types });
}

/** What Connect's calls of the other kind are sent as. */
function otherThan(isUnary: boolean): "connect-stream" | "connect-unary" {
  return isUnary ? "connect-stream" : "connect-unary";
}

function told(call: Call, status: number, text: string, more: Readonly<Record<string, string>>): PlainAnswer {
  call.fail(new ConnectError(text, Code.Unimplemented));
  // Caches keep a 405 of their own accord (RFC 9110, 15.5.6).
  return textAnswer(status, text, { "cache-control": "no-store", ...more });
}

function isSafe(level: MethodOptions_IdempotencyLevel): boolean {
  return level === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}
