import type { DataError } from "./data-error.ts";

/** Where the store tells that the database cannot be read or written, and who else serves it. A pino logger satisfies it. */
export interface StoreLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What the answers of a few calls tell besides their results. */
export interface AnswerNews {
  /** A call has ended with a result. */
  readonly worked: boolean;
  /** The last error among the answers. */
  readonly error: DataError | undefined;
}

/** Knows whether the database takes reads and writes, from how they end. */
export interface TroubleWatch {
  /** Takes the outcome of a few calls, or of opening the database. */
  tell(kind: "read" | "write", news: AnswerNews): void;
  /** True from a failed write to the next one that succeeds. */
  readonly writesFail: boolean;
}

/** Between two lines of the log about the same code, in milliseconds: a damaged page fails many reads. */
const repeatAfterMs = 60_000;

/**
 * Makes a watch that writes to the log when reads or writes begin to fail for reasons of the database (the disk is full,
 * the file is damaged, gone, or held by another process), each code once a minute, and when they succeed again.
 */
export function createTroubleWatch(
  log: StoreLog | undefined,
  now: () => number = () => performance.now(),
): TroubleWatch {
  const fails = { read: false, write: false };
  const toldAt = new Map<string, number>();

  function failed(kind: "read" | "write", error: DataError): void {
    fails[kind] = true;
    const key = `${kind} ${error.code}`;
    const last = toldAt.get(key);
    if (last !== undefined && now() - last < repeatAfterMs) return;
    toldAt.set(key, now());
    const { code, databaseCode, query } = error;
    log?.error({ code, databaseCode, query, err: error }, `the database cannot be ${participle[kind]}`);
  }

  return {
    tell(kind, { worked, error }) {
      if (error !== undefined && isOfDatabase(error)) failed(kind, error);
      else if (worked && fails[kind]) {
        fails[kind] = false;
        // A damaged page goes on failing the reads that meet it, whatever the others do.
        if (kind === "read") return;
        for (const key of toldAt.keys()) if (key.startsWith(kind)) toldAt.delete(key);
        log?.info({}, `the database is ${participle[kind]} again`);
      }
    },
    get writesFail() {
      return fails.write;
    },
  };
}

const participle = { read: "read", write: "written" } as const;

const codesOfDatabase: ReadonlySet<string> = new Set([
  "aborted",
  "data_loss",
  "resource_exhausted",
  "unavailable",
]);

/** False for what a query itself threw. */
function isOfDatabase({ code, databaseCode, query }: DataError): boolean {
  return codesOfDatabase.has(code) && (databaseCode !== undefined || query === undefined);
}
