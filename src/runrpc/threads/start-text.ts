import { deserialize, serialize } from "node:v8";
import type { HandlerContext } from "@connectrpc/connect";
import { monotonicMs } from "../monotonic.ts";
import { type Principal, principalKey } from "../server/auth/principal.ts";
import { callHeadKey } from "../server/call/call-head-key.ts";
import { factsOf } from "../server/call-facts.ts";

/** What a thread is told of a call that begins. */
export interface StartFacts {
  /** When the deadline is, by `monotonicMs()`; undefined: there is none. */
  readonly deadlineMs: number | undefined;
  /** Empty where the call has none, as beside a server. */
  readonly requestId: string;
  readonly requestMethod: string;
  readonly protocolName: string;
  /** The URL of the call is `target`, seen from `base`. */
  readonly base: string;
  readonly target: string;
  /** Name, value, name, value. */
  readonly headers: readonly string[];
  /** Context values by the descriptions of their keys, as far as they can be cloned. */
  readonly values: ReadonlyMap<string, unknown>;
}

/**
 * All of it as one text: that is cloned for less than an object of many fields, and taken apart when a handler asks for it,
 * as few do. `method:length:values`, then a line for each part: HTTP allows a line break in no header and no target.
 */
export function startText(method: number, context: HandlerContext): string {
  const facts = factsOf(context);
  const values = facts === undefined ? textOfValues(valuesOf(context.values)) : textOf(facts.principal);
  const requestId =
    facts === undefined ? (context.values.get(callHeadKey)?.requestId ?? "") : facts.requestId;
  const { requestMethod, protocolName } = context;
  const timeoutMs = context.timeoutMs();
  const deadlineMs = timeoutMs === undefined ? "" : monotonicMs() + timeoutMs;
  const text = `${method}:${values.length}:${values}${deadlineMs}\n${requestId}\n${requestMethod}\n${protocolName}\n`;
  if (facts === undefined) return `${text}${context.url}\n${linesOf([...context.requestHeader].flat())}`;
  const { headers, scheme, target } = facts;
  let lines = `${text}${scheme}://${headers[":authority"] ?? headers.host ?? ""}\n${target}`;
  for (const name in headers) {
    const value = headers[name];
    // HTTP/2's pseudo-headers are none.
    if (value === undefined || name.startsWith(":")) continue;
    if (typeof value === "string") lines += `\n${name}\n${value}`;
    else for (const one of value) lines += `\n${name}\n${one}`;
  }
  return lines;
}

/** The number of its method. */
export function methodOfStart(text: string): number {
  return Number.parseInt(text, 10);
}

export function readStart(text: string): StartFacts {
  const first = text.indexOf(":");
  const second = text.indexOf(":", first + 1);
  const end = second + 1 + Number(text.slice(first + 1, second));
  const [
    deadlineMs,
    requestId = "",
    requestMethod = "",
    protocolName = "",
    base = "",
    target = "",
    ...headers
  ] = text.slice(end).split("\n");
  return {
    deadlineMs: deadlineMs === "" ? undefined : Number(deadlineMs),
    requestId,
    requestMethod,
    protocolName,
    base,
    target,
    headers,
    values: valuesIn(text.slice(second + 1, end)),
  };
}

/** Callers come again and again: each is written once. */
const textsOfCallers = new WeakMap<Principal, string>();

function textOf(caller: Principal | undefined): string {
  if (caller === undefined) return "";
  let text = textsOfCallers.get(caller);
  if (text === undefined) {
    text = textOfValues([[principalKey.id.description ?? "", caller]]);
    textsOfCallers.set(caller, text);
  }
  return text;
}

/** Connect's context values are fields under the symbols of their keys. */
function valuesOf(values: object): readonly (readonly [string, unknown])[] {
  return Object.getOwnPropertySymbols(values).map((symbol) => [
    symbol.description ?? "",
    Reflect.get(values, symbol),
  ]);
}

/** What can be cloned of them, in a form in which each character is a byte. */
function textOfValues(values: readonly (readonly [string, unknown])[]): string {
  const good = values.filter(([name, value]) => name !== "" && value !== undefined && isCloneable(value));
  return good.length === 0 ? "" : serialize(new Map(good)).toString("latin1");
}

function valuesIn(text: string): ReadonlyMap<string, unknown> {
  return text === "" ? NO_VALUES : deserialize(Buffer.from(text, "latin1"));
}

const NO_VALUES: ReadonlyMap<string, unknown> = new Map();

function isCloneable(value: unknown): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}

function linesOf(parts: readonly string[]): string {
  return parts.map((part) => `\n${part}`).join("");
}
