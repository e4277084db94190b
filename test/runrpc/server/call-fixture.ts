import type { ConnectError } from "@connectrpc/connect";
import type { Call, CallHead } from "../../../src/runrpc/server/call/call.ts";
import { createCalls } from "../../../src/runrpc/server/call/calls.ts";
import type { CallRecord } from "../../../src/runrpc/server/call/record.ts";
import type { ServerLog } from "../../../src/runrpc/server/log.ts";

/** What a server's log was told, by level. */
export interface Line {
  readonly level: keyof ServerLog;
  readonly message: string;
  readonly fields: object;
}

/** Calls with what they leave behind. */
export function openCalls(mapError: (reason: unknown) => ConnectError | undefined = () => undefined) {
  const records: CallRecord[] = [];
  const lines: Line[] = [];
  const line = (level: keyof ServerLog) => (fields: object, message: string) => {
    lines.push({ level, message, fields });
  };
  const log = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  const calls = createCalls({ log, debug: true, mapError, onRecord: (record) => records.push(record) });
  return {
    calls,
    records,
    lines,
    begin: (head: Partial<CallHead> = {}): Call => calls.begin(headWith(head)),
  };
}

/** The head of a gRPC call to a method that nobody serves, with some of it replaced. */
export function headWith(head: Partial<CallHead>): CallHead {
  return {
    route: undefined,
    path: "/t.S/Do",
    headers: {},
    protocol: "grpc",
    httpVersion: "2.0",
    peer: "127.0.0.1",
    requestId: "req-1",
    timeoutMs: undefined,
    corsHeaders: undefined,
    ...head,
  };
}
