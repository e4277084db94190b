import type { DescMethod } from "@bufbuild/protobuf";
import { create, fromJson, type JsonValue, toBinary, toJsonString } from "@bufbuild/protobuf";
import { envelope } from "../wire/envelope.ts";
import type { HttpVersion, Post } from "./post.ts";

/** How a message may travel: protocol, format and HTTP version. */
export interface Wire {
  readonly title: string;
  readonly protocol: "connect" | "grpc" | "grpc-web";
  readonly format: "proto" | "json";
  readonly version: HttpVersion;
}

/** Every way there is; gRPC needs HTTP/2. */
export const wires: readonly Wire[] = (["connect", "grpc", "grpc-web"] as const).flatMap((protocol) =>
  (["proto", "json"] as const).flatMap((format) =>
    (["1.1", "2"] as const)
      .filter((version) => version === "2" || protocol !== "grpc")
      .map((version) => ({ title: `${protocol}+${format} over HTTP/${version}`, protocol, format, version })),
  ),
);

/** Whether a method can be called on a wire: a stream in both directions needs HTTP/2. */
export function canCarry({ version }: Wire, { methodKind }: DescMethod): boolean {
  return version === "2" || methodKind !== "bidi_streaming";
}

/** The content type of a call. */
export function contentTypeOf({ protocol, format }: Wire, { methodKind }: DescMethod): string {
  if (protocol !== "connect") return `application/${protocol}+${format}`;
  return methodKind === "unary" ? `application/${format}` : `application/connect+${format}`;
}

/** Whether the bodies of a call are in envelopes. */
export function isEnveloped({ protocol }: Wire, { methodKind }: DescMethod): boolean {
  return protocol !== "connect" || methodKind !== "unary";
}

/** A message in the format of a wire. */
export function encode({ format }: Wire, { input }: DescMethod, json: JsonValue): Buffer {
  const message = json === null ? create(input) : fromJson(input, json);
  return Buffer.from(format === "json" ? toJsonString(input, message) : toBinary(input, message));
}

/** A whole request whose messages are given as bytes. */
export function postOf(
  wire: Wire,
  method: DescMethod,
  messages: readonly Buffer[],
  headers: Readonly<Record<string, string>>,
): Post {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    headers: {
      "content-type": contentTypeOf(wire, method),
      ...(wire.protocol === "grpc" ? { te: "trailers" } : {}),
      ...headers,
    },
    body: Buffer.concat(isEnveloped(wire, method) ? messages.map((message) => envelope(message)) : messages),
  };
}
