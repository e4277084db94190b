import type { DescMethod, DescService, Message, MessageShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";

/**
 * The functions of a service, by the local names of its methods: what a service's factory returns, so that a method which
 * is missing does not compile.
 *
 * Connect's type of this name does the same, and what satisfies it satisfies this one. What a handler got wrong is told by
 * this one at the field: `Type 'Date' has no properties in common with type 'Answer<Timestamp>'` at `user.createTime`, in
 * place of a `$typeName` that is said to be missing from the whole answer. A field that the message does not have,
 * beside one that it has, is seen by neither in what an async function returns: `server.debug` names it at run time.
 */
export type ServiceImpl<S extends DescService> = {
  [Name in keyof S["method"]]: MethodImpl<S["method"][Name]>;
};

/**
 * The same, where a stream that never waits may be a plain generator: `*summarize({ lines }) { yield { progress }; }`, as in a
 * module of handlers that runs in threads.
 */
export type GeneratorServiceImpl<S extends DescService> = {
  [Name in keyof S["method"]]:
    | MethodImpl<S["method"][Name]>
    | (S["method"][Name]["methodKind"] extends "server_streaming"
        ? GeneratorStreaming<
            MessageShape<S["method"][Name]["input"]>,
            MessageShape<S["method"][Name]["output"]>
          >
        : never);
};

type GeneratorStreaming<Request extends Message, Response extends Message> = (
  request: Request,
  context: HandlerContext,
) => Generator<Answer<Response>, unknown, unknown>;

type MethodImpl<M extends DescMethod> = Handler<
  M["methodKind"],
  MessageShape<M["input"]>,
  MessageShape<M["output"]>
>;

type Handler<Kind, Request extends Message, Response extends Message> = Kind extends "unary"
  ? Unary<Request, Response>
  : Kind extends "server_streaming"
    ? ServerStreaming<Request, Response>
    : Kind extends "client_streaming"
      ? ClientStreaming<Request, Response>
      : BidiStreaming<Request, Response>;

/** `async getUser({ id }, { signal }) { return { user }; }`. */
export type Unary<Request extends Message, Response extends Message> = (
  request: Request,
  context: HandlerContext,
) => Promise<Answer<Response>> | Answer<Response>;

/** `async *streamUsers({ limit }, { signal }) { yield { user }; }`. */
export type ServerStreaming<Request extends Message, Response extends Message> = (
  request: Request,
  context: HandlerContext,
) => AsyncIterable<Answer<Response>>;

/** `async uploadLogs(requests, context) { for await (const { entries } of requests) …; return { logsReceived }; }`. */
export type ClientStreaming<Request extends Message, Response extends Message> = (
  requests: AsyncIterable<Request>,
  context: HandlerContext,
) => Promise<Answer<Response>>;

/** `async *chat(requests, context) { for await (const { text } of requests) yield { text }; }`. */
export type BidiStreaming<Request extends Message, Response extends Message> = (
  requests: AsyncIterable<Request>,
  context: HandlerContext,
) => AsyncIterable<Answer<Response>>;

/**
 * What a handler may answer where a message belongs: the message, or an object of some of its fields. A field that is
 * undefined is not set.
 */
export type Answer<M extends Message> = {
  readonly [Name in keyof M as Name extends keyof Message ? never : Name]?: Value<M[Name]> | undefined;
};

type Value<F> = F extends string | number | bigint | boolean | Uint8Array
  ? F
  : F extends readonly (infer Element)[]
    ? readonly Value<Element>[]
    : F extends Message
      ? Answer<F>
      : F extends { readonly case: infer Case extends string; readonly value?: infer Member }
        ? { readonly case: Case; readonly value: Value<Member> }
        : F extends { readonly [key: string | number]: infer Member extends Message }
          ? { readonly [key: string | number]: Answer<Member> }
          : F;
