// Runs in the browser: bundled into the page that the tests open. No node: built-in is here.
import {
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromJson,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { EventService } from "../../gen/rig/events/v1/events_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { WireService } from "../../gen/rig/wire/v1/wire_pb.ts";

// Browsers send a request body whole, so client and bidi streams cannot be called from a page.
const methods = {
  createUser: UserService.method.createUser,
  getUser: UserService.method.getUser,
  streamUsers: UserService.method.streamUsers,
  publishEvent: EventService.method.publishEvent,
  streamEvents: EventService.method.streamEvents,
  echo: WireService.method.echo,
  count: WireService.method.count,
  hang: WireService.method.hang,
} as const satisfies Record<string, DescMethodUnary | DescMethodServerStreaming>;

/** One call, as the test hands it to the page. */
export interface Call {
  readonly url: string;
  readonly protocol: "connect" | "grpc-web";
  readonly format: "binary" | "json";
  readonly method: keyof typeof methods;
  readonly request: JsonValue;
  readonly headers: Readonly<Record<string, string>>;
  /** Connect alone: a method without side effects is called by GET. Default: by POST. */
  readonly useHttpGet?: boolean;
  /** Default: none. */
  readonly timeoutMs?: number;
  /** Aborts once so many messages are there. Default: never. */
  readonly abortAfter?: number;
  /** Made when the response headers are there. */
  readonly onHeaders?: Call;
}

/** What the page saw of a call. */
export interface Outcome {
  readonly messages: readonly JsonValue[];
  /** What the page may read of `x-request-id`; null when that is nothing. */
  readonly requestId: string | null;
  readonly error?: {
    /** The name of the code, such as `NotFound`. */
    readonly code: string;
    /** The fields that broke a rule. */
    readonly violations: readonly string[];
  };
}

/** What the page adds to its globals, for the test to call. */
export interface PageGlobals {
  call(call: Call): Promise<Outcome>;
}

const globals: PageGlobals = { call };
Object.assign(globalThis, globals);

async function call(given: Call): Promise<Outcome> {
  const messages: JsonValue[] = [];
  let requestId: string | null = null;
  const controller = new AbortController();
  const output: DescMessage = methods[given.method].output;
  try {
    const onHeader = async (header: Headers) => {
      requestId = header.get("x-request-id");
      if (given.onHeaders !== undefined) await call(given.onHeaders);
    };
    for await (const message of answers(given, controller.signal, onHeader)) {
      messages.push(toJson(output, message));
      if (messages.length === given.abortAfter) controller.abort();
    }
    return { messages, requestId };
  } catch (reason) {
    const error = ConnectError.from(reason);
    const violations = error
      .findDetails(ViolationsSchema)
      .flatMap((detail) => detail.violations.map(({ field }) => field?.elements[0]?.fieldName ?? ""));
    requestId ??= error.metadata.get("x-request-id");
    return { messages, requestId, error: { code: Code[error.code], violations } };
  }
}

async function* answers(
  given: Call,
  signal: AbortSignal,
  onHeader: (header: Headers) => Promise<void>,
): AsyncGenerator<Message> {
  const transport = transportOf(given);
  const method: DescMethodUnary | DescMethodServerStreaming = methods[given.method];
  const request = fromJson(method.input, given.request);
  if (method.methodKind === "unary") {
    const { header, message } = await transport.unary(
      method,
      signal,
      given.timeoutMs,
      given.headers,
      request,
    );
    await onHeader(header);
    yield message;
  } else {
    const requests = (async function* () {
      yield request;
    })();
    const { header, message } = await transport.stream(
      method,
      signal,
      given.timeoutMs,
      given.headers,
      requests,
    );
    await onHeader(header);
    yield* message;
  }
}

function transportOf({ url, protocol, format, useHttpGet = false }: Call): Transport {
  const options = { baseUrl: url, useBinaryFormat: format === "binary" };
  return protocol === "connect"
    ? createConnectTransport({ ...options, useHttpGet })
    : createGrpcWebTransport(options);
}
