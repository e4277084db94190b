import type { CallRecord } from "../../server/record.ts";

/** The columns of a row as `appendRow` writes them, in this order. */
export const rowColumns = [
  "startedAt",
  "requestId",
  "service",
  "method",
  "kind",
  "protocol",
  "httpVersion",
  "code",
  "error",
  "durationMs",
  "messagesIn",
  "messagesOut",
  "bytesIn",
  "bytesOut",
  "peer",
  "userId",
  "keyId",
  "cancelledBy",
  "abandoned",
] as const satisfies readonly (keyof CallRecord)[];

/** Adds a record to rows that travel as one flat array; see `insertRows`. By name: looking names up costs more. */
export function appendRow(values: unknown[], record: CallRecord): void {
  values.push(
    record.startedAt,
    record.requestId,
    record.service,
    record.method,
    record.kind,
    record.protocol,
    record.httpVersion,
    record.code,
    record.error,
    record.durationMs,
    record.messagesIn,
    record.messagesOut,
    record.bytesIn,
    record.bytesOut,
    record.peer,
    record.userId ?? null,
    record.keyId ?? null,
    record.cancelledBy ?? null,
    record.abandoned,
  );
}
