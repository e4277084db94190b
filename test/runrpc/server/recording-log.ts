import type { ServerLog } from "../../../src/runrpc/server/log.ts";

/** A line that a server's log was told. */
export interface LogLine {
  readonly level: keyof ServerLog;
  readonly message: string;
  readonly fields: object;
}

/** A log that keeps what it is told; like pino it looks into the errors, whatever their getters do. */
export function recordingLog() {
  const lines: LogLine[] = [];
  const line = (level: keyof ServerLog) => (fields: object, message: string) => {
    JSON.stringify({ ...fields, err: "err" in fields ? parts(fields.err) : undefined });
    lines.push({ level, message, fields });
  };
  const log = {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    fatal: line("fatal"),
  };
  return { log, lines };
}

function parts(err: unknown): unknown {
  return err instanceof Error ? [err.message, err.stack] : err;
}
