import { DataError } from "../data/data-error.ts";

/** A span of syntax may be as long as its file. */
const MAX_LINES = 5;

/**
 * What is told of what was thrown, to whoever starts a program: its sentence; of code that does not parse, or that imports what is
 * not exported, the lines; and the stack of what must be a fault of a program. What a database worker has died of counts as well.
 */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message } = error;
  const fault = error instanceof DataError ? error.cause : error;
  if (isGenerated(fault)) return `${message}\nIt is written by \`npm run generate\``;
  if (!isFault(fault)) return message;
  const lines = fault instanceof SyntaxError ? linesOf(fault) : undefined;
  if (lines !== undefined) return `${message}\n${lines}`;
  const stack = fault.stack ?? fault.message;
  return fault === error ? stack : `${message}\n${stack}`;
}

/** Whether a file is missing that `buf generate` writes: one that was never run, or not since a proto came. */
function isGenerated(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, url = "" } = error as { readonly code?: unknown; readonly url?: string }; // as Node's loader rejects
  return code === "ERR_MODULE_NOT_FOUND" && /\/gen\/|_pb\.[jt]s$/.test(url);
}

/** What no sentence was written for. */
function isFault(error: unknown): error is Error {
  return [TypeError, ReferenceError, RangeError, SyntaxError].some((kind) => error instanceof kind);
}

/**
 * The place that Node could not read, and the lines there with marks below them, as they stand before the stack: the stack is that of
 * Node's loader. Undefined for an error of `JSON.parse`, which has none.
 */
function linesOf({ stack = "" }: SyntaxError): string | undefined {
  const [, place, text = ""] = /^(\S.*:\d+)\n([\s\S]*?)\n\w*Error\b/.exec(stack) ?? [];
  if (place === undefined) return undefined;
  const lines = text.trimEnd().split("\n");
  return [place, ...lines.slice(0, MAX_LINES), ...(lines.length > MAX_LINES ? ["…"] : [])].join("\n");
}
