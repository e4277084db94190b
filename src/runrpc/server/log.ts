import { inspect } from "node:util";
import { boundedText } from "./bounded-text.ts";

/**
 * Where the runtime writes its own lines. A pino logger satisfies it.
 * Message bodies, keys and tokens are never among the fields.
 */
export interface ServerLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** For what should end a process. Default: `error`. */
  fatal?(fields: object, message: string): void;
}

/** A log that keeps nothing. */
export const silentLog: ServerLog = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * The default of a server that is given no log. It keeps nothing but what would have ended the process without the server, such as an
 * error at the top of the program itself, which is on standard error as Node would have it.
 */
export const lastResortLog: ServerLog = {
  ...silentLog,
  fatal(fields, message) {
    const { err, ...others } = fields as { readonly err?: unknown };
    const rest = Object.keys(others).length === 0 ? "" : ` ${inspect(others)}`;
    process.stderr.write(`runrpc: ${message}${rest}\n${inspect(err)}\n`);
  },
};

/**
 * A log that never throws. A logger looks into what it is given, and what a handler threw may have getters, a `toJSON` or a
 * Proxy that throw again; then it is given a text instead. Texts are bounded; errors are the logger's to cut.
 */
export function guardLog(log: ServerLog): Required<ServerLog> {
  const guarded = (level: keyof ServerLog) => (fields: object, message: string) => {
    try {
      write(log, level, withBoundedTexts(fields), message);
    } catch {
      try {
        write(log, level, textsOf(fields), message);
      } catch {
        // The log itself is out of order, and there is nobody to tell.
      }
    }
  };
  return {
    debug: guarded("debug"),
    info: guarded("info"),
    warn: guarded("warn"),
    error: guarded("error"),
    fatal: guarded("fatal"),
  };
}

function write(log: ServerLog, level: keyof ServerLog, fields: object, message: string): void {
  if (level === "fatal" && log.fatal === undefined) log.error(fields, message);
  else log[level]?.(fields, message);
}

function withBoundedTexts(fields: object): object {
  const bounded: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    bounded[name] = typeof value === "string" ? boundedText(value) : value;
  return bounded;
}

/** The greatest length of a value that is written as text, in characters. */
const MAX_TEXT = 1_000;

function textsOf(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: unknown): unknown {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  try {
    // Runs no getter, no trap and no method of the value; the name of its class may still be one.
    return inspect(value, { depth: 1, customInspect: false }).slice(0, MAX_TEXT);
  } catch {
    return `a ${typeof value} that cannot be shown`;
  }
}
