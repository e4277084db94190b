import { inspect, styleText } from "node:util";
import pino, { type Logger } from "pino";
import type { Log } from "../../../gen/runrpc/config/v1/config_pb.ts";
import { printable } from "../printable.ts";
import type { CallRecord } from "../server/call/record.ts";
import { createAccessLine } from "./access-line.ts";
import { findingBlock } from "./finding-block.ts";
import { boundedFields } from "./log-fields.ts";
import { createLogOutput } from "./log-output.ts";

/** The process's log, and the end of it: `flush` writes what is still in memory. */
export interface ProcessLog {
  readonly logger: Logger;
  /** Takes the record of a finished call. */
  access(record: CallRecord): void;
  flush(): void;
}

/** Lines are gathered up to this size before they are written, in bytes, and at the latest after FLUSH_MS. */
const MAX_GATHERED = 65_536;
const FLUSH_MS = 50;

/** What a pipe takes in one piece though others write to it as well: PIPE_BUF of Linux, in bytes (pipe(7)). */
const MAX_UNBROKEN = 4_096;

/** What may wait for whoever reads standard output, in bytes. What comes on top is dropped, and the log says how much. */
const MAX_UNREAD = 16_777_216;

/**
 * Opens the log on standard output: JSON for machines, one readable line each on a terminal. Under `debug` the level
 * is `debug` at least.
 *
 * @param spanFields what each line of the logger says of the span that it is written in; default: nothing
 * @param worker the number of this process among several that write to one standard output; default: it is the only one
 */
export function openLog(
  settings: Log,
  debug: boolean,
  spanFields?: () => object,
  worker?: number,
): ProcessLog {
  const isPretty =
    settings.format === "pretty" || (settings.format === "auto" && process.stdout.isTTY === true);
  const level = debug && settings.level !== "trace" ? "debug" : settings.level;
  const output = createLogOutput(1, {
    maxWaitingBytes: MAX_UNREAD,
    onLost({ droppedBytes, cause }) {
      const why =
        cause === undefined ? "nobody read standard output" : "standard output could not be written";
      logger.warn({ droppedBytes, cause }, `log lines were dropped: ${why}`);
    },
  });
  const lines = gather(output.write, worker === undefined ? MAX_GATHERED : MAX_UNBROKEN);
  const add = isPretty ? (line: string) => lines.add(prettyLine(line)) : lines.add;
  const accessLine = createAccessLine(worker);
  const records = createBacklog((record) => {
    add(accessLine(record, isServerFault(record.code) ? "error" : "info"));
  });
  // The calls that ended before a line of the log stand before it.
  const write = (line: string): void => {
    records.drain();
    add(line);
  };
  const logger = pino(
    {
      level,
      base: worker === undefined ? null : { worker },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: boundedFields, level: (level) => ({ level }) },
      ...(spanFields === undefined ? {} : { mixin: spanFields }),
      // What boundedFields has made of an error stays so.
      serializers: { err: (bounded: unknown) => bounded },
    },
    { write },
  );
  return {
    logger,
    access(record) {
      if (logger.isLevelEnabled(isServerFault(record.code) ? "error" : "info")) records.add(record);
    },
    flush() {
      records.drain();
      lines.flush();
      output.flushSync();
    },
  };
}

/** Whether a finished call leaves a line and a row: `off`, `errors` or `all` of them do. */
export function isLogged(mode: string, { code }: CallRecord): boolean {
  return mode === "all" || (mode === "errors" && code !== "ok");
}

/** Records that wait for their lines, at most, and for how long. */
const MAX_BACKLOG = 128;
const BACKLOG_MS = 50;

/**
 * Has the lines of many records made in one go, while the code that makes them is in the processor's cache. With the bytes
 * below that is a twentieth of the CPU time of a small call.
 */
function createBacklog(write: (record: CallRecord) => void) {
  let waiting: CallRecord[] = [];
  let timer: NodeJS.Timeout | undefined;
  const drain = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const records = waiting;
    waiting = [];
    for (const record of records) write(record);
  };
  const add = (record: CallRecord): void => {
    if (waiting.push(record) === MAX_BACKLOG) drain();
    else timer ??= setTimeout(drain, BACKLOG_MS).unref();
  };
  return { add, drain };
}

/** A character takes at most three bytes in UTF-8. */
const MAX_CHARACTER_BYTES = 3;

/**
 * Joins the lines of many calls to one write. Each is made bytes while it is in the processor's cache: a text of all of
 * them would have to be gone through again when it is written.
 */
function gather(write: (bytes: Buffer) => void, maxGathered: number) {
  let bytes = Buffer.allocUnsafeSlow(maxGathered);
  let length = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (length === 0) return;
    write(bytes.subarray(0, length));
    bytes = Buffer.allocUnsafeSlow(maxGathered);
    length = 0;
  };
  const add = (line: string): void => {
    const maxBytes = line.length * MAX_CHARACTER_BYTES;
    if (length + maxBytes > maxGathered) flush();
    if (maxBytes > maxGathered) {
      write(Buffer.from(line));
      return;
    }
    length += bytes.write(line, length);
    timer ??= setTimeout(flush, FLUSH_MS).unref();
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
  const name = String(level);
  const color: Color = name === "error" || name === "fatal" ? "red" : name === "warn" ? "yellow" : "green";
  const head = `${styleText("gray", String(time).slice(11, 23))} ${styleText(color, name.padEnd(5))} ${printable(String(msg))}`;
  if ("finding" in fields) return `${head}\n${findingBlock(fields, printable)}`;
  const rest = printable("durationMs" in fields ? accessFields(fields) : otherFields(fields));
  return `${head}${styleText("gray", rest)}\n${stackOf(err)}`;
}

function accessFields({
  durationMs,
  protocol,
  messagesIn,
  messagesOut,
  subject,
  peer,
  worker,
  error,
}: Record<string, unknown>) {
  const parts = [
    `${Number(durationMs).toFixed(1)} ms`,
    protocol,
    `${messagesIn} in, ${messagesOut} out`,
    subject ?? "no key",
    peer,
    worker === undefined ? undefined : `worker ${worker}`,
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
  if (typeof stack !== "string") return "";
  const lines = stack.split("\n").map((line) => `    ${printable(line)}\n`);
  return lines.join("");
}
