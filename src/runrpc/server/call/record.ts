import type { DescMethod } from "@bufbuild/protobuf";
import type { KeptRequest } from "../requests/kept-request.ts";

/** The wire protocol of a call, told from its content type. */
export type Protocol = "connect" | "grpc" | "grpc-web";

/** What ended a call before its handler did. */
export type CancelledBy = "client" | "deadline" | "shutdown" | "key" | "operator";

/**
 * What is known of a call once it has ended: one record for each call, refusals and streams
 * included. Access log, request_log table, metrics and traces are all fed from it.
 */
export interface CallRecord {
  readonly requestId: string;
  /** Full name, such as `users.v1.UserService`. Of an unknown method: as it was asked for, cut at 200 characters. */
  readonly service: string;
  /** Such as `GetUser`. */
  readonly method: string;
  readonly kind: DescMethod["methodKind"] | "unknown";
  readonly protocol: Protocol | "unknown";
  readonly httpVersion: "1.0" | "1.1" | "2.0";
  /** `ok`, or a Connect code such as `not_found`. */
  readonly code: string;
  /** The message of the error as the client saw it, 1 KiB at most; empty when the code is `ok`. */
  readonly error: string;
  /** By the system's clock as it stood when the call ended: `durationMs` before that. */
  readonly startedAt: Date;
  /** From the request headers to the end of the response stream, in milliseconds. */
  readonly durationMs: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** Body bytes on the wire, compressed where they were compressed. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The address of the client, without its port. */
  readonly peer: string;
  readonly subject: string | undefined;
  readonly keyId: string | undefined;
  readonly cancelledBy: CancelledBy | undefined;
  /** True when the handler was left behind still running, because it did not end on its cancelled signal. */
  readonly abandoned: boolean;
  /** 32 hexadecimal digits, where spans are made. */
  readonly traceId?: string;
  /** What is kept of its request, where the server was asked to keep them (`keepRequests`). */
  readonly request?: KeptRequest | undefined;
}
