import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import { isProbe } from "./builtin/probes.ts";
import type { Call, CallHead } from "./call/call.ts";
import type { Calls } from "./call/calls.ts";
import { createRequestIds } from "./call/request-id.ts";
import {
  answerOwnStream,
  answerRequest,
  answerStream,
  errorAnswer,
  type PlainAnswer,
  type PlainRoutes,
  textAnswer,
} from "./http/answers.ts";
import { plainContentType, wireOf } from "./http/content-type.ts";
import type { Cors } from "./http/cors.ts";
import type { Origin, Origins } from "./http/origin.ts";
import { deadlineFor, protocolOf, timeoutOf } from "./http/protocol.ts";
import type { Stream } from "./http2/stream.ts";
import type { Lane } from "./lanes/lane.ts";
import type { OpenRequest, Refusal, RequestHandlers } from "./listener/listen.ts";
import { type RefusalOf, refuseOwnStream, refuseRequest, refuseStream } from "./refusals.ts";
import type { Routes } from "./routes/routes.ts";

export interface DispatchOptions {
  readonly routes: Routes;
  readonly calls: Calls;
  readonly refusalOf: RefusalOf;
  readonly lane: Lane;
  readonly plainRoutes: PlainRoutes;
  readonly cors: Cors;
  readonly origins: Origins;
  /** Whether connections may end before their calls do: each request is then kept with its call. Default: false. */
  readonly mayBeCut?: boolean;
}

/** What the headers of a call say, whoever calls. */
type Heading = Pick<CallHead, "route" | "path" | "headers" | "protocol" | "timeoutMs"> & {
  readonly deadlineMs: number | undefined;
};

/** Tells plain HTTP from calls, opens a call for each of these, and hands it to the lane, but for what HTTP itself refuses. */
export function createDispatch(options: DispatchOptions): RequestHandlers {
  const { routes, calls, refusalOf, lane, plainRoutes, cors, origins } = options;
  const requestIdOf = createRequestIds();
  const callOf = options.mayBeCut === true ? new WeakMap<OpenRequest, Call>() : undefined;

  /** What is answered without a call: a preflight, or a path such as /healthz. */
  function plainAnswer(httpMethod: string, path: string, headers: IncomingHttpHeaders, origin: Origin) {
    if (httpMethod === "POST") return undefined;
    if (httpMethod === "OPTIONS") {
      const allowed = cors.preflight(headers);
      if (allowed !== undefined) return { status: 204, headers: allowed, body: "" } satisfies PlainAnswer;
    }
    const peer = origins.clientOf(origin, headers);
    const answer = plainRoutes(httpMethod, path, { headers, peer, origin });
    if (answer !== undefined) return answer;
    if (httpMethod === "OPTIONS") return { status: 204, headers: {}, body: "" } satisfies PlainAnswer;
    // A GET that is neither a page of ours nor a Connect GET is no call, and leaves no record of one.
    return (httpMethod === "GET" || httpMethod === "HEAD") && routes.find(path) === undefined
      ? textAnswer(404, `nothing is at ${path.slice(0, 200)}: ${WHAT_THERE_IS}`, NOT_KEPT)
      : undefined;
  }

  /** An answer without a call still has the id of its request, where it tells of an error. */
  async function sendPlain(
    plain: PlainAnswer | Promise<PlainAnswer>,
    headers: IncomingHttpHeaders,
    send: (answer: PlainAnswer) => void,
  ): Promise<void> {
    const answer = await plain;
    try {
      send(answer.status < 400 ? answer : withRequestId(answer, headers));
    } catch {
      // The client has gone while the answer was looked for.
    }
  }

  function withRequestId(answer: PlainAnswer, headers: IncomingHttpHeaders): PlainAnswer {
    return { ...answer, headers: { ...answer.headers, "x-request-id": requestIdOf(headers) } };
  }

  function headingOf(path: string, headers: IncomingHttpHeaders): Heading {
    const route = routes.find(path);
    const protocol = protocolOf(headers["content-type"]);
    const timeoutMs = timeoutOf(headers, protocol);
    const deadlineMs = route && deadlineFor(Number.isNaN(timeoutMs) ? undefined : timeoutMs, route.policy);
    return { route, path, headers, protocol, timeoutMs, deadlineMs };
  }

  function begin(heading: Heading, httpVersion: CallHead["httpVersion"], origin: Origin): Call {
    const { route, path, headers, protocol, timeoutMs, deadlineMs } = heading;
    const call = calls.begin({
      route,
      path,
      headers,
      protocol,
      httpVersion,
      peer: origins.clientOf(origin, headers),
      origin,
      requestId: requestIdOf(headers),
      timeoutMs,
      corsHeaders: cors.isOff ? undefined : cors.headersFor(headers.origin),
    });
    if (deadlineMs !== undefined) call.startDeadline(deadlineMs);
    return call;
  }

  /** A request whose headers say what they said before, when it was served. */
  function serveAgain(stream: Stream, heading: Heading): void {
    const call = begin(heading, "2.0", origins.ofSocket(stream.owner.socket));
    callOf?.set(stream, call);
    lane.serveOwnStream?.(call, stream);
  }

  return {
    onStream(stream, headers, rawHeaders) {
      const httpMethod = headers[":method"] ?? "";
      const path = withoutQuery(headers[":path"] ?? "");
      const origin = origins.ofSession(stream.session);
      const plain = plainAnswer(httpMethod, path, headers, origin);
      if (plain !== undefined) {
        const isHead = httpMethod === "HEAD";
        return void sendPlain(plain, headers, (answer) => answerStream(stream, answer, isHead));
      }
      const call = begin(headingOf(path, plainHeaders(headers)), "2.0", origin);
      callOf?.set(stream, call);
      const refused = refusalOf(call, httpMethod);
      if (refused === undefined) lane.serveStream(call, stream, rawHeaders);
      else refuseStream(call, stream, refused, httpMethod === "HEAD");
    },
    onOwnStream(stream, headers) {
      const { head } = stream;
      if (head.memo !== undefined) return serveAgain(stream, head.memo as Heading); // it is put there below
      const httpMethod = headers[":method"] ?? "";
      const path = withoutQuery(headers[":path"] ?? "");
      const origin = origins.ofSocket(stream.owner.socket);
      const plain = plainAnswer(httpMethod, path, headers, origin);
      if (plain !== undefined)
        return void sendPlain(plain, headers, (answer) => answerOwnStream(stream, answer));
      const heading = headingOf(path, plainHeaders(changeable(headers)));
      const call = begin(heading, "2.0", origin);
      callOf?.set(stream, call);
      const refused = refusalOf(call, httpMethod);
      if (refused !== undefined) return refuseOwnStream(call, stream, refused);
      if (httpMethod === "POST") head.memo = heading;
      lane.serveOwnStream?.(call, stream);
    },
    onRequest(request, response) {
      const httpMethod = request.method ?? "";
      const path = withoutQuery(request.url ?? "");
      const origin = origins.ofSocket(request.socket);
      const plain = plainAnswer(httpMethod, path, request.headers, origin);
      if (plain !== undefined) {
        return void sendPlain(plain, request.headers, (answer) => answerRequest(request, response, answer));
      }
      const heading = headingOf(path, plainHeaders(request.headers));
      const call = begin(heading, httpVersionOf(request), origin);
      callOf?.set(request, call);
      const refused = refusalOf(call, httpMethod);
      if (refused === undefined) lane.serveRequest(call, request, response);
      else refuseRequest(call, request, response, refused);
    },
    answersAnyHost(httpMethod, path) {
      return httpMethod !== "POST" && isProbe(withoutQuery(path));
    },
    answerRefused(refusal, headers, response) {
      const answer = withRequestId(refusedAnswer(refusal, headers, cors), headers);
      const id = response && lane.requestIdOf(response);
      return id === undefined ? answer : { ...answer, headers: { ...answer.headers, "x-request-id": id } };
    },
    onCut(request) {
      const reason =
        "the connection has reached its greatest age, and the time that its calls have after that";
      callOf?.get(request)?.cancel("shutdown", new ConnectError(reason, Code.Unavailable));
    },
  };
}

/** Our own engine gives requests that repeat the same headers: a copy, where these are going to be changed. */
function changeable(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const given = headers["content-type"];
  return plainContentType(given) === given ? headers : { ...headers };
}

/** With the content type spelt in one way from here on, for the lanes and for the handler. */
function plainHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const given = headers["content-type"];
  const contentType = plainContentType(given);
  if (contentType !== given) headers["content-type"] = contentType;
  return headers;
}

const WHAT_THERE_IS =
  "calls are POST /package.Service/Method, and /healthz and /readyz tell whether the server runs and is ready";

/** Caches keep a 404 of their own accord (RFC 9110, 15.5.5). */
const NOT_KEPT = { "cache-control": "no-store" };

/** What the listener refuses, in the words of the protocol: an HTTP status alone would be `internal` or `unknown` to its client. */
function refusedAnswer({ status, text }: Refusal, headers: IncomingHttpHeaders, cors: Cors): PlainAnswer {
  const contentType = plainContentType(headers["content-type"]);
  const wire = wireOf(contentType);
  if (wire === undefined) return textAnswer(status, text);
  const code = status === 431 ? Code.ResourceExhausted : Code.InvalidArgument;
  const answer = errorAnswer(protocolOf(contentType), contentType, new ConnectError(text, code), status);
  return { ...answer, headers: { ...answer.headers, ...cors.headersFor(headers.origin) } };
}

function httpVersionOf({ httpVersion }: IncomingMessage): CallHead["httpVersion"] {
  return httpVersion === "1.0" ? "1.0" : "1.1";
}

function withoutQuery(target: string): string {
  const end = target.indexOf("?");
  return end === -1 ? target : target.slice(0, end);
}
