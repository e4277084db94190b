import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { isProbe, probeRefusal } from "../builtin/probes.ts";
import { type Call, headersOfEvery } from "../call/call.ts";
import type { Gate } from "../gate.ts";
import {
  answerOwnStream,
  answerRequest,
  answerStream,
  type PlainAnswer,
  textAnswer,
  unknownMethodAnswer,
} from "../http/answers.ts";
import { typesFor, wireOf } from "../http/content-type.ts";
import type { Route } from "../routes/routes.ts";
import type { Lane } from "./lane.ts";

/**
 * The lane of the calls that HTTP itself refuses, told from their head alone: a method that nobody serves, an HTTP method
 * that it does not take (405), a bidirectional stream over HTTP/1.1 (505), and a body that is not one of its kind (415).
 * The last three are told in plain text: their codes are what clients make of the HTTP status.
 */
export function createRefusalLane(gate: Gate): Lane {
  function refused(call: Call, httpMethod: string): PlainAnswer | undefined {
    const { route } = call.head;
    const answer =
      route === undefined ? unknownAnswer(gate, call, httpMethod) : httpRefusal(call, route, httpMethod);
    if (answer === undefined) return undefined;
    return { ...answer, headers: { ...answer.headers, ...headersOfEvery(call.head) } };
  }

  return {
    serveStream(call, httpMethod, stream) {
      const answer = refused(call, httpMethod);
      if (answer === undefined) return false;
      stream.once("close", () => call.end());
      answerStream(stream, answer, httpMethod === "HEAD");
      return true;
    },
    serveOwnStream(call, httpMethod, stream) {
      const answer = refused(call, httpMethod);
      if (answer === undefined) return false;
      stream.handler = { ...IGNORE, closed: () => call.end() };
      answerOwnStream(stream, answer);
      return true;
    },
    serveRequest(call, httpMethod, request, response) {
      const answer = refused(call, httpMethod);
      if (answer === undefined) return false;
      response.once("close", () => call.end());
      answerRequest(request, response, answer);
      return true;
    },
  };
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
  return call.fail(new Error(`no lane takes ${call.head.path}`));
}

function httpRefusal(call: Call, { method }: Route, httpMethod: string): PlainAnswer | undefined {
  const { httpVersion, headers } = call.head;
  const isUnary = method.methodKind === "unary";
  const allowed = isUnary && isSafe(method.idempotency) ? ["GET", "POST"] : ["POST"];
  const tell = (status: number, text: string, more: Readonly<Record<string, string>>): PlainAnswer => {
    call.fail(new ConnectError(text, Code.Unimplemented));
    // Caches keep a 405 of their own accord (RFC 9110, 15.5.6).
    return textAnswer(status, text, { "cache-control": "no-store", ...more });
  };
  if (!allowed.includes(httpMethod)) {
    const text = `${method.name} takes ${allowed.join(" and ")}, and not ${httpMethod.slice(0, 32)}`;
    return tell(405, text, { allow: allowed.join(", ") });
  }
  if (method.methodKind === "bidi_streaming" && httpVersion !== "2.0") {
    // A client that waits for both directions at once would hang: its connection ends.
    return tell(505, `${method.name} streams both ways at once, which takes HTTP/2`, { connection: "close" });
  }
  const wire = wireOf(headers["content-type"]);
  if (httpMethod === "GET" || (wire !== undefined && wire !== (isUnary ? "connect-stream" : "connect-unary")))
    return undefined;
  const types = typesFor(isUnary);
  const given = JSON.stringify(headers["content-type"]?.slice(0, 100) ?? "");
  return tell(415, `the content type ${given} is not served here: send one of ${types}`, {
    "accept-post": types,
  });
}

function isSafe(level: MethodOptions_IdempotencyLevel): boolean {
  return level === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}
