import type { RowGroup } from "../../data/insert-rows.ts";
import type { CallRecord } from "../../server/record.ts";

/**
 * The columns of rows as `groupRecords` makes them; see `insertRows`. Shared is what the server decides, so that the
 * calls of many users and clients fall into few groups.
 */
export const rowColumns = {
  shared: ["service", "method", "kind", "protocol", "httpVersion", "code", "cancelledBy", "abandoned"],
  own: [
    "startedAt",
    "requestId",
    "error",
    "durationMs",
    "messagesIn",
    "messagesOut",
    "bytesIn",
    "bytesOut",
    "peer",
    "userId",
    "keyId",
  ],
} as const satisfies Readonly<Record<keyof RowGroup, readonly (keyof CallRecord)[]>>;

/** Records as they travel to the database: those of alike calls together. By name: looking names up costs more. */
export function groupRecords(records: readonly CallRecord[]): RowGroup[] {
  const groups: { readonly of: CallRecord; readonly own: unknown[] }[] = [];
  for (const record of records) {
    let group = groups.find(({ of }) => isAlike(of, record));
    if (group === undefined) {
      group = { of: record, own: [] };
      groups.push(group);
    }
    group.own.push(
      record.startedAt,
      record.requestId,
      record.error,
      record.durationMs,
      record.messagesIn,
      record.messagesOut,
      record.bytesIn,
      record.bytesOut,
      record.peer,
      record.userId ?? null,
      record.keyId ?? null,
    );
  }
  return groups.map(({ of, own }) => ({ shared: sharedValues(of), own }));
}

function isAlike(one: CallRecord, other: CallRecord): boolean {
  return (
    one.method === other.method &&
    one.service === other.service &&
    one.kind === other.kind &&
    one.protocol === other.protocol &&
    one.httpVersion === other.httpVersion &&
    one.code === other.code &&
    one.cancelledBy === other.cancelledBy &&
    one.abandoned === other.abandoned
  );
}

function sharedValues(of: CallRecord): unknown[] {
  const { service, method, kind, protocol, httpVersion, code, cancelledBy, abandoned } = of;
  return [service, method, kind, protocol, httpVersion, code, cancelledBy ?? null, abandoned];
}
