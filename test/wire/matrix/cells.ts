import type { DescMethod } from "@bufbuild/protobuf";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { LogService } from "../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";

export type Lane = "stock" | "auto";
export type Protocol = "connect" | "grpc" | "grpc-web";
export type Kind = DescMethod["methodKind"];

/** One way to make a call. */
export interface Cell {
  readonly lane: Lane;
  readonly protocol: Protocol;
  readonly httpVersion: "1.1" | "2";
  readonly kind: Kind;
}

/** A method of each kind, all of them with rules that a request can break. */
export const methods = {
  unary: UserService.method.getUser,
  server_streaming: UserService.method.streamUsers,
  client_streaming: LogService.method.uploadLogs,
  bidi_streaming: ChatService.method.chat,
} as const satisfies Record<Kind, DescMethod>;

/** Every way there is: gRPC needs HTTP/2, and so does a stream in both directions. */
export const cells: readonly Cell[] = (["stock", "auto"] as const).flatMap((lane) =>
  (["connect", "grpc", "grpc-web"] as const).flatMap((protocol) =>
    (["1.1", "2"] as const).flatMap((httpVersion) =>
      (Object.keys(methods) as Kind[]) // the keys of a literal
        .filter((kind) => httpVersion === "2" || (protocol !== "grpc" && kind !== "bidi_streaming"))
        .map((kind) => ({ lane, protocol, httpVersion, kind })),
    ),
  ),
);

/** The id of the one call that a cell makes for a case, which is also how a test finds its record. */
export function requestIdOf(name: string, { lane, protocol, httpVersion, kind }: Cell): string {
  return [name, lane, protocol, httpVersion, kind].join("/");
}

/** What the record of a cell's call holds whatever came of it. */
export function recordedOf({ protocol, httpVersion, kind }: Cell) {
  const method = methods[kind];
  return {
    service: method.parent.typeName,
    method: method.name,
    kind,
    protocol,
    httpVersion: httpVersion === "2" ? "2.0" : "1.1",
    peer: "127.0.0.1",
  } as const;
}
