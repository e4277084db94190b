import type { IncomingHttpHeaders } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import { answerRequest, answerStream, type PlainAnswer, textAnswer, unknownMethodAnswer } from "./answers.ts";
import { type Call, type CallHead, headersOfEvery } from "./call.ts";
import type { Calls } from "./calls.ts";
import type { Cors } from "./cors.ts";
import type { Gate } from "./gate.ts";
import type { Lane } from "./lanes/lane.ts";
import type { RequestHandlers } from "./listener/listen.ts";
import type { Origin, Origins } from "./origin.ts";
import { deadlineFor, protocolOf, timeoutOf } from "./protocol.ts";
import { createRequestIds } from "./request-id.ts";
import type { Routes } from "./routes.ts";

/** Answers paths that are not calls, such as /healthz. Undefined: the path is not its own. */
export type PlainRoutes = (
  httpMethod: string,
  path: string,
) => PlainAnswer | Promise<PlainAnswer> | undefined;

export interface DispatchOptions {
  readonly routes: Routes;
  readonly calls: Calls;
  readonly gate: Gate;
  /** In order of preference; the last one takes every call. */
  readonly lanes: readonly Lane[];
  readonly plainRoutes: PlainRoutes;
  readonly cors: Cors;
  readonly origins: Origins;
}

/** Tells plain HTTP from calls, opens a call for each of these, and hands it to the first lane that takes it. */
export function createDispatch(options: DispatchOptions): RequestHandlers {
  const { routes, calls, gate, lanes, plainRoutes, cors, origins } = options;
  const requestIdOf = createRequestIds();

  /** What is answered without a call: a preflight, or a path such as /healthz. */
  function plainAnswer(httpMethod: string, path: string, headers: IncomingHttpHeaders) {
    if (httpMethod === "OPTIONS") {
      const allowed = cors.preflight(headers);
      return { status: 204, headers: allowed ?? {}, body: "" } satisfies PlainAnswer;
    }
    if (httpMethod !== "GET" && httpMethod !== "HEAD") return undefined;
    // A GET that is neither a page of ours nor a Connect GET is no call, and leaves no record of one.
    return (
      plainRoutes(httpMethod, path) ??
      (routes.find(path) ? undefined : textAnswer(404, `nothing is at ${path}`))
    );
  }

  function begin(
    path: string,
    headers: IncomingHttpHeaders,
    httpVersion: CallHead["httpVersion"],
    origin: Origin,
  ): Call {
    const route = routes.find(path);
    const protocol = protocolOf(headers["content-type"]);
    const timeoutMs = timeoutOf(headers, protocol);
    const requestId = requestIdOf(headers);
    const call = calls.begin({
      route,
      path,
      headers,
      protocol,
      httpVersion,
      peer: origins.clientOf(origin, headers),
      origin,
      requestId,
      timeoutMs,
      corsHeaders: cors.isOff ? undefined : cors.headersFor(headers.origin),
    });
    if (route !== undefined) {
      const deadlineMs = deadlineFor(Number.isNaN(timeoutMs) ? undefined : timeoutMs, route.policy);
      if (deadlineMs !== undefined) call.startDeadline(deadlineMs);
    }
    return call;
  }

  /** The gate's word on a method that no lane knows. */
  function unknown(call: Call): PlainAnswer {
    const { protocol, headers } = call.head;
    const error = refusal(gate, call);
    const answer = unknownMethodAnswer(protocol, headers["content-type"], error);
    return { ...answer, headers: { ...answer.headers, ...headersOfEvery(call.head) } };
  }

  return {
    onStream(stream, headers, rawHeaders) {
      const httpMethod = headers[":method"] ?? "";
      const path = withoutQuery(headers[":path"] ?? "");
      const send = (answer: PlainAnswer) => answerStream(stream, answer, httpMethod === "HEAD");
      const plain = plainAnswer(httpMethod, path, headers);
      if (plain !== undefined) return void Promise.resolve(plain).then(send);
      const call = begin(path, headers, "2.0", origins.ofSession(stream.session));
      for (const lane of lanes) if (lane.serveStream(call, httpMethod, stream, rawHeaders)) return;
      stream.once("close", () => call.end());
      send(unknown(call));
    },
    onRequest(request, response) {
      const httpMethod = request.method ?? "";
      const path = withoutQuery(request.url ?? "");
      const send = (answer: PlainAnswer) => answerRequest(request, response, answer);
      const plain = plainAnswer(httpMethod, path, request.headers);
      if (plain !== undefined) return void Promise.resolve(plain).then(send);
      const httpVersion = request.httpVersion === "1.0" ? "1.0" : "1.1";
      const call = begin(path, request.headers, httpVersion, origins.ofSocket(request.socket));
      for (const lane of lanes) if (lane.serveRequest(call, httpMethod, request, response)) return;
      response.once("close", () => call.end());
      send(unknown(call));
    },
  };
}

/** What the gate throws at a call that it must refuse. */
function refusal(gate: Gate, call: Call): ConnectError {
  try {
    gate.admit(call);
  } catch (reason) {
    return call.fail(reason);
  }
  return call.fail(new Error(`no lane takes ${call.head.path}`));
}

function withoutQuery(target: string): string {
  const end = target.indexOf("?");
  return end === -1 ? target : target.slice(0, end);
}
