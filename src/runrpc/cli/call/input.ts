import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text as readAll } from "node:stream/consumers";
import { type DescMethod, fromJson, type JsonValue, type Message, type Registry } from "@bufbuild/protobuf";
import { closest, didYouMean } from "../../closest.ts";
import { usageError } from "../io.ts";
import { kindNames } from "./describe.ts";
import { enumFault } from "./enum-fault.ts";

/** Where the messages of a call come from, and what they are. */
export interface InputOptions {
  readonly method: DescMethod;
  /** Types that an Any in a message may name. */
  readonly registry: Registry;
  /** JSON from the command line; `-` alone is stdin. */
  readonly args: readonly string[];
  readonly stdin: Readable;
}

/**
 * The one message of a unary or server-streaming call: the argument, stdin as one JSON text for `-`, or the empty message.
 *
 * @throws CommandFailure (usage) when there are several, and when the JSON is not the method's request
 */
export async function readMessage(options: InputOptions): Promise<Message> {
  const { args, method } = options;
  if (args.length > 1) {
    throw usageError(
      `${method.name} is ${kindNames[method.methodKind]}: it takes one message, not ${args.length}`,
    );
  }
  if (args[0] === "-") return messageFromText(await readAll(options.stdin), "stdin", options);
  return messageFromText(args[0] ?? "{}", "the message", options);
}

/**
 * The messages of a client-streaming or bidi call: the arguments, or JSON lines from stdin for `-` or no argument, each
 * as soon as its line is there. Empty lines are skipped.
 *
 * @throws CommandFailure (usage) for the first one that is not the method's request
 */
export async function* readMessages(options: InputOptions): AsyncGenerator<Message> {
  const { args, stdin } = options;
  if (args.length > 0 && args[0] !== "-") {
    for (const [index, arg] of args.entries()) yield messageFromText(arg, `message ${index + 1}`, options);
    return;
  }
  let line = 0;
  for await (const text of createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    if (text.trim() !== "") yield messageFromText(text, `stdin line ${line}`, options);
  }
}

function messageFromText(text: string, place: string, { method, registry }: InputOptions): Message {
  const json = parseJson(text, place);
  try {
    return fromJson(method.input, json, { registry });
  } catch (error) {
    const fault = enumFault(method.input, json);
    if (fault !== undefined) throw usageError(`${place} is no ${method.input.typeName}: ${fault}`);
    const reason =
      error instanceof Error ? error.message.replace(/^cannot decode [^:]*? from JSON: /, "") : error;
    throw usageError(`${place} is no ${method.input.typeName}: ${reason}${suggestKey(json, method)}`);
  }
}

function parseJson(text: string, place: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue; // what JSON.parse gives is one
  } catch (error) {
    throw usageError(`${place} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** For a key that the request does not have, the nearest one that it has, or all of them. */
function suggestKey(json: JsonValue, { input }: DescMethod): string {
  if (json === null || typeof json !== "object" || Array.isArray(json)) return "";
  const known = new Set(input.fields.flatMap((field) => [field.jsonName, field.name]));
  const wrong = Object.keys(json).find((key) => !known.has(key));
  if (wrong === undefined) return "";
  const names = input.fields.map((field) => field.jsonName);
  return didYouMean(closest(wrong, names)) || `; it has ${names.join(", ") || "no fields"}`;
}
