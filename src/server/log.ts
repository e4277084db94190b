/**
 * Where the runtime writes its own lines. A pino logger satisfies it.
 * Message bodies, keys and tokens are never among the fields.
 */
export interface ServerLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A log that keeps nothing: the default of a server that is given none. */
export const silentLog: ServerLog = { debug() {}, info() {}, warn() {}, error() {} };
