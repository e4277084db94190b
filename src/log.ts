import { inspect, styleText } from "node:util";
import pino, { type Logger } from "pino";
import type { Log } from "../gen/runrpc/config/v1/config_pb.ts";
import type { CallRecord } from "./server/record.ts";

/** The process's log, and the end of it: `flush` writes what is still in memory. */
export interface ProcessLog {
  readonly logger: Logger;
  /** Takes the record of a finished call, when the mode asks for it. */
  access(record: CallRecord): void;
  flush(): void;
}

/** Lines are gathered up to this size before they are written, in bytes, and at the latest after 100 ms. */
const BUFFER_BYTES = 8_192;

/**
 * Opens the log on standard output: JSON for machines, one readable line each on a terminal. Under `debug` the level
 * is `debug` at least.
 */
export function openLog(settings: Log, debug: boolean): ProcessLog {
  const isPretty =
    settings.format === "pretty" || (settings.format === "auto" && process.stdout.isTTY === true);
  const level = debug && settings.level !== "trace" ? "debug" : settings.level;
  const destination = pino.destination({ dest: 1, sync: false, minLength: BUFFER_BYTES, periodicFlush: 100 });
  const stream = isPretty ? { write: (line: string) => destination.write(prettyLine(line)) } : destination;
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  const { mode } = settings;
  return {
    logger,
    access(record) {
      if (mode === "off" || (mode === "errors" && record.code === "ok")) return;
      const line = `${record.service}/${record.method} ${record.code}`;
      if (isServerFault(record.code)) logger.error(record, line);
      else logger.info(record, line);
    },
    flush: () => destination.flushSync(),
  };
}

function isServerFault(code: string): boolean {
  return code === "internal" || code === "unknown" || code === "data_loss";
}

type Color = "red" | "yellow" | "green" | "gray";

/** `18:30:01.204 info  users.v1.UserService/GetUser ok  3.1 ms  dev  ::1`, and what else the line holds. */
function prettyLine(line: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const name = pino.levels.labels[Number(level)] ?? "info";
  const color: Color = Number(level) >= 50 ? "red" : Number(level) >= 40 ? "yellow" : "green";
  const head = `${styleText("gray", String(time).slice(11, 23))} ${styleText(color, name.padEnd(5))} ${String(msg)}`;
  const rest = "durationMs" in fields ? accessFields(fields) : otherFields(fields);
  return `${head}${styleText("gray", rest)}\n${stackOf(err)}`;
}

function accessFields({
  durationMs,
  protocol,
  messagesIn,
  messagesOut,
  userId,
  peer,
  error,
}: Record<string, unknown>) {
  const parts = [
    `${Number(durationMs).toFixed(1)} ms`,
    protocol,
    `${messagesIn} in, ${messagesOut} out`,
    userId ?? "no key",
    peer,
    error,
  ];
  return `  ${parts.filter((part) => part !== "" && part !== undefined).join("  ")}`;
}

function otherFields(fields: Record<string, unknown>): string {
  if (Object.keys(fields).length === 0) return "";
  return `  ${inspect(fields, { breakLength: Number.POSITIVE_INFINITY })}`;
}

function stackOf(err: unknown): string {
  const stack = (err as { stack?: unknown } | undefined)?.stack;
  return typeof stack === "string" ? `${stack.replace(/^/gm, "    ")}\n` : "";
}
