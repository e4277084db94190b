import type { CallRecord } from "../../../../src/runrpc/server/call/record.ts";

/** The record of a call that went well, but for the fields that are given. */
export function recordOf(requestId: string, fields: Partial<CallRecord> = {}): CallRecord {
  return {
    requestId,
    service: "rig.users.v1.UserService",
    method: "GetUser",
    kind: "unary",
    protocol: "grpc",
    httpVersion: "2.0",
    code: "ok",
    error: "",
    startedAt: new Date(1_700_000_000_000),
    durationMs: 1.25,
    messagesIn: 1,
    messagesOut: 1,
    bytesIn: 12,
    bytesOut: 34,
    peer: "127.0.0.1",
    subject: "u",
    keyId: "rr_k",
    cancelledBy: undefined,
    abandoned: false,
    ...fields,
  };
}
