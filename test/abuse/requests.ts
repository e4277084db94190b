import type { DescMethod, JsonValue } from "@bufbuild/protobuf";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { ChatService } from "../gen/rig/chat/v1/chat_pb.ts";
import { EventService } from "../gen/rig/events/v1/events_pb.ts";
import { LogService } from "../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../gen/rig/users/v1/users_pb.ts";

/** A method with a request that breaks no rule, as JSON. */
export interface GoodRequest {
  readonly method: DescMethod;
  readonly json: JsonValue;
}

export const knownUser = "00000000-0000-4000-8000-000000000001";

/** One of each kind at least; a call of each ends by itself. */
export const goodRequests: readonly GoodRequest[] = [
  { method: UserService.method.getUser, json: { id: knownUser } },
  { method: UserService.method.listUsers, json: { pageSize: 3 } },
  { method: UserService.method.streamUsers, json: { limit: 3 } },
  {
    method: UserService.method.updateUser,
    json: { id: knownUser, displayName: "Ann", updateMask: "displayName" },
  },
  {
    method: EventService.method.publishEvent,
    json: { type: "a.b", payload: { a: [1, "b", { c: null }], d: true } },
  },
  {
    method: LogService.method.uploadLogs,
    json: {
      entries: [
        { severity: "SEVERITY_INFO", message: "a", attributes: { b: "c" }, time: "2026-01-02T03:04:05.678Z" },
      ],
    },
  },
  { method: LogService.method.listLogs, json: { pageSize: 2, minSeverity: "SEVERITY_INFO" } },
  { method: ChatService.method.chat, json: { room: "lobby", text: "hello" } },
  { method: Health.method.check, json: { service: "rig.users.v1.UserService" } },
];

/** The one of each kind that a matrix uses. */
export const requestOfEachKind = {
  unary: goodRequests[1] as GoodRequest, // the list above
  server_streaming: goodRequests[2] as GoodRequest, // the list above
  client_streaming: goodRequests[5] as GoodRequest, // the list above
  bidi_streaming: goodRequests[7] as GoodRequest, // the list above
} as const;
