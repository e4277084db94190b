import type { ServerLog } from "../log.ts";
import type { CallHead } from "./call.ts";

/** Errors that user code left where nobody catches them: in a timer, an emitter, a promise that nobody awaits. */
export interface Strays {
  /** Since the start. */
  readonly count: number;
  /** From here on the process ends at the next one, as Node has it. */
  close(): void;
}

/** What is told of the call that a stray comes from. */
export type StrayOrigin = Pick<CallHead, "path" | "requestId">;

const origins = new WeakMap<object, { readonly origin: StrayOrigin | undefined }>();

/** Says where a stray comes from that this thread leaves behind in the place of another: its own context is no call's. */
export function setOrigin(error: object, origin: StrayOrigin | undefined): void {
  origins.set(error, { origin });
}

/** What the watch over them is made with. */
export interface StraysOptions {
  readonly log: Required<ServerLog>;
  /** The call as a part of which the code at hand runs, where that is known. */
  readonly currentCall: () => CallHead | undefined;
  /** Called at each one, with the call that it comes from where that is known. */
  readonly onStray: (error: unknown, call: StrayOrigin | undefined) => void;
  /** In milliseconds. Default `performance.now`. */
  readonly now?: () => number;
}

/** Lines for strays, in a second: a timer that throws may do so a thousand times in one. */
const MAX_LINES_PER_SECOND = 100;

/**
 * Logs and counts strays, where Node would end the process and with it all open calls. The watch is for the whole process,
 * as Node knows no other; several servers each have theirs.
 */
export function watchStrays({ log, currentCall, onStray, now }: StraysOptions): Strays {
  const allowsLine = createAllowance(now ?? (() => performance.now()));
  let count = 0;
  const take = (err: unknown, message: string): void => {
    count++;
    const unlogged = allowsLine();
    const known = typeof err === "object" && err !== null ? origins.get(err) : undefined;
    const call = known === undefined ? currentCall() : known.origin;
    if (unlogged !== undefined) log.fatal({ err, ...fieldsOf(call), ...unlogged }, message);
    onStray(err, call);
  };
  const onRejection = (reason: unknown): void =>
    take(reason, "a promise was rejected and nobody awaits it: is an `await` missing?");
  const onException = (error: unknown): void =>
    take(error, "an error was thrown where nobody catches it, such as in a timer or in a listener");
  process.on("unhandledRejection", onRejection);
  process.on("uncaughtException", onException);
  return {
    get count() {
      return count;
    },
    close() {
      process.off("unhandledRejection", onRejection);
      process.off("uncaughtException", onException);
    },
  };
}

function fieldsOf(origin: StrayOrigin | undefined): object {
  return origin === undefined ? {} : { requestId: origin.requestId, path: origin.path.slice(0, 200) };
}

/** Undefined: no line for this one. Else what the line says of those before that had none. */
function createAllowance(now: () => number): () => { readonly unlogged?: number } | undefined {
  let second = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let unlogged = 0;
  return () => {
    const nowMs = now();
    if (nowMs - second >= 1_000) {
      second = nowMs;
      lines = 0;
    }
    if (++lines > MAX_LINES_PER_SECOND) {
      unlogged++;
      return undefined;
    }
    const said = unlogged === 0 ? {} : { unlogged };
    unlogged = 0;
    return said;
  };
}
