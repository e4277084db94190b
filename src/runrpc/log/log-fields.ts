import { inspect } from "node:util";
import { boundedText } from "../server/bounded-text.ts";

/** The greatest stack of a line, with those of its causes, in bytes. */
const MAX_STACK_BYTES = 8_192;

/** The greatest value of a field that is neither a text nor an error, as JSON, in characters. */
const MAX_VALUE_CHARS = 4_096;

/** Causes of an error, and errors of an AggregateError, that are written. */
const MAX_CAUSES = 5;

/** Fields of an error of its own that are written: somebody may have put a whole row into it. */
const MAX_OWN_FIELDS = 20;

/** Of the name of such a field. */
const MAX_NAME_CHARS = 100;

/**
 * The fields of a log line, each of them bounded: texts as everywhere, errors by their message and stack, whatever a
 * handler has put into them. It may throw where looking at a value runs code that does.
 */
export function boundedFields(fields: object): Record<string, unknown> {
  const bounded: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) bounded[name] = boundedValue(value);
  return bounded;
}

function boundedValue(value: unknown): unknown {
  if (typeof value === "string") return boundedText(value);
  if (value instanceof Error) return boundedFailure(value, true);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  const json = JSON.stringify(value);
  if (json === undefined || json.length <= MAX_VALUE_CHARS) return value;
  return boundedText(inspect(value, { depth: 1, maxStringLength: 256, maxArrayLength: 16 }));
}

/**
 * As pino writes an error, with its causes in message and stack; of its own fields only the plain ones.
 *
 * @param isOutermost the errors in an AggregateError are written of this one alone, as they may hold each other.
 */
function boundedFailure(error: Error, isOutermost: boolean): Record<string, unknown> {
  const chain = causesOf(error);
  return {
    type: boundedText(String(error.constructor?.name ?? error.name)),
    message: boundedText(chain.map(({ message }) => boundedText(String(message))).join(": ")),
    stack: boundedText(chain.map(stackOf).join("\ncaused by: "), MAX_STACK_BYTES),
    ...(isOutermost && error instanceof AggregateError ? { aggregateErrors: errorsOf(error) } : {}),
    ...plainFieldsOf(error),
  };
}

function plainFieldsOf(error: Error): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  let left = MAX_OWN_FIELDS;
  for (const [name, value] of Object.entries(error)) {
    const isText = typeof value === "string" && name !== "rawMessage";
    if (!isText && typeof value !== "number" && typeof value !== "boolean") continue;
    if (left-- === 0) break;
    plain[name.slice(0, MAX_NAME_CHARS)] = isText ? boundedText(value) : value;
  }
  return plain;
}

function causesOf(error: Error): Error[] {
  const chain = [error];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (chain.includes(cause) || chain.length > MAX_CAUSES) break;
    chain.push(cause);
  }
  return chain;
}

function errorsOf({ errors }: AggregateError): unknown[] {
  return errors
    .slice(0, MAX_CAUSES)
    .map((each) => (each instanceof Error ? boundedFailure(each, false) : boundedValue(each)));
}

/** The stack, which begins with the message: a long message is cut, and its frames stay. */
function stackOf({ name, message, stack }: Error): string {
  const text = String(stack ?? `${name}: ${message}`);
  const frames = text.indexOf("\n    at ", text.includes(message) ? message.length : 0);
  const head = boundedText(frames === -1 ? text : text.slice(0, frames));
  return frames === -1 ? head : head + text.slice(frames);
}
