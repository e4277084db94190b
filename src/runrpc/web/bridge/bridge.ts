import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type {
  OpenStreamRequest,
  OpenStreamResponseSchema,
  SendMessageRequest,
} from "../../../../gen/runrpc/web/v1/page_pb.ts";
import { principalKey } from "../../server/auth/principal.ts";
import { type Call, clientGone } from "../../server/call/call.ts";
import { callHeadKey } from "../../server/call/call-head-key.ts";
import { deadlineFor } from "../../server/http/protocol.ts";
import type { Route } from "../../server/routes/routes.ts";
import type { Served } from "../../server/server-page.ts";
import type { Peers } from "../../workers/peers.ts";
import type { Follower } from "../follow/follower.ts";
import { endOf, eventOf } from "./events.ts";
import { createRequestReader } from "./request-reader.ts";
import { runStream } from "./run-stream.ts";
import { createSending } from "./sending.ts";
import { createSessions, type Session } from "./sessions.ts";
import { createSteps, withSteps } from "./with-steps.ts";

/** Streams of requests for a browser, which cannot send any: one call brings the responses, others send the requests. */
export interface Bridge {
  /** Makes a call and gives what comes of it. Never fails itself once the call has begun. */
  open(request: OpenStreamRequest, context: HandlerContext): AsyncIterable<StreamResponse>;
  /** Sends a request of an open one. */
  send(request: SendMessageRequest, context: HandlerContext): Promise<Record<string, never>>;
}

type StreamResponse = MessageInitShape<typeof OpenStreamResponseSchema>;

/** @param peers the processes that serve the port: a request may come to another one than its stream */
export function createBridge(served: () => Served, follower: Pick<Follower, "of">, peers: Peers): Bridge {
  const sessions = createSessions(peers.name);
  const sendOn = createSending(sessions, peers);

  async function* open(request: OpenStreamRequest, context: HandlerContext): AsyncGenerator<StreamResponse> {
    const { routes, gate } = served();
    const { registry } = routes;
    const route = streamRoute(routes.find(`/${request.method}`), request.method);
    const call = begin(served(), route, request.timeoutMs, context);
    const leave = () => call.cancel("client", clientGone());
    const since = () => performance.now() - call.startedAtMs;
    const followed = follower.of(call.head);
    const steps = createSteps();
    if (followed !== undefined) followed.onStep = (step) => steps.add(step, since());
    context.signal.addEventListener("abort", leave);
    let session: Session | undefined;
    try {
      await gate.admit(call);
      session = sessions.add({
        keyId: context.values.get(principalKey)?.keyId,
        read: createRequestReader(route, registry, call),
        onTaken: (number, waitedMs) => followed?.taken(number, waitedMs),
      });
      yield { event: { case: "session", value: session.id } };
      for await (const event of withSteps(runStream(call, route, session.requests), steps))
        yield { atMs: since(), ...eventOf(event, route.method.output, registry) };
    } catch (reason) {
      yield { atMs: since(), ...endOf(call.fail(reason), registry) };
    } finally {
      context.signal.removeEventListener("abort", leave);
      session?.close();
      call.end();
    }
  }

  return {
    open,
    async send(request, context) {
      await sendOn(request, context.values.get(principalKey)?.keyId);
      return {};
    },
  };
}

function streamRoute(route: Route | undefined, name: string): Route {
  if (route === undefined) throw new ConnectError(`there is no method ${name}`, Code.NotFound);
  const { kind } = route.handler;
  if (kind === "client_streaming" || kind === "bidi_streaming") return route;
  throw new ConnectError(`${name} takes one request: it is called without a bridge`, Code.InvalidArgument);
}

/** A call of its own, from where the page's came. */
function begin(
  { calls }: Served,
  route: Route,
  timeoutMs: number | undefined,
  { values, requestHeader }: HandlerContext,
): Call {
  const outer = values.get(callHeadKey);
  if (outer === undefined) throw new Error("the lane has not told of the call");
  const call = calls.begin({
    route,
    path: route.path,
    headers: outer.headers,
    protocol: "connect",
    httpVersion: outer.httpVersion,
    peer: outer.peer,
    origin: outer.origin,
    requestId: requestHeader.get("x-request-id") ?? `${outer.requestId}-1`,
    timeoutMs,
    corsHeaders: undefined,
  });
  const deadlineMs = deadlineFor(timeoutMs, route.policy);
  if (deadlineMs !== undefined) call.startDeadline(deadlineMs);
  return call;
}
