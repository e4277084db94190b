import { inspect, styleText } from "node:util";
import pino, { type Logger } from "pino";
import type { Log } from "../gen/runrpc/config/v1/config_pb.ts";
import { accessLine } from "./access-line.ts";
import type { CallRecord } from "./server/record.ts";

/** The process's log, and the end of it: `flush` writes what is still in memory. */
export interface ProcessLog {
  readonly logger: Logger;
  /** Takes the record of a finished call. */
  access(record: CallRecord): void;
  flush(): void;
}

/** Lines are gathered up to this size before they are written, in characters, and at the latest after FLUSH_MS. */
const MAX_GATHERED = 65_536;
const FLUSH_MS = 100;

/**
 * Opens the log on standard output: JSON for machines, one readable line each on a terminal. Under `debug` the level
 * is `debug` at least.
 */
export function openLog(settings: Log, debug: boolean): ProcessLog {
  const isPretty =
    settings.format === "pretty" || (settings.format === "auto" && process.stdout.isTTY === true);
  const level = debug && settings.level !== "trace" ? "debug" : settings.level;
  const destination = pino.destination({ dest: 1, sync: false, maxWrite: MAX_GATHERED });
  const lines = gather((text) => destination.write(text));
  const stream = { write: isPretty ? (line: string) => lines.add(prettyLine(line)) : lines.add };
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return {
    logger,
    access(record) {
      const level = isServerFault(record.code) ? "error" : "info";
      if (!logger.isLevelEnabled(level)) return;
      const line = accessLine(record, pino.levels.values[level] ?? 30);
      lines.add(isPretty ? prettyLine(line) : line);
    },
    flush() {
      lines.flush();
      destination.flushSync();
    },
  };
}

/** Whether a finished call leaves a line and a row: `off`, `errors` or `all` of them do. */
export function isLogged(mode: string, { code }: CallRecord): boolean {
  return mode === "all" || (mode === "errors" && code !== "ok");
}

/** Joins the lines of many calls to one write. */
function gather(write: (text: string) => void) {
  let gathered = "";
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (gathered !== "") write(gathered);
    gathered = "";
  };
  const add = (line: string): void => {
    gathered += line;
    if (gathered.length >= MAX_GATHERED) flush();
    else timer ??= setTimeout(flush, FLUSH_MS).unref();
  };
  return { add, flush };
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
