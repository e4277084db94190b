import type { Insertion } from "./edits.ts";
import { protoTokens } from "./proto-tokens.ts";
import { beginsLine, indentAt, inStyle, styleOf } from "./text-style.ts";

/** Where a service's braces are. */
interface Block {
  readonly open: number;
  readonly close: number;
  /** Where the last token before the closing brace ends. */
  readonly contentEnd: number;
  readonly rpcs: readonly string[];
  /** Where the first token between the braces begins. */
  readonly first: number;
}

/**
 * What to insert into a `.proto` text so that its service has a method more, as its last one, and its messages stand at
 * the end of the file. `rpc` and `messages` are written with two spaces a step.
 *
 * @throws Error where there is no such service, or where it has a method of the name.
 */
export function insertRpc(
  text: string,
  { service, method, rpc, messages }: { service: string; method: string; rpc: string; messages: string },
): readonly Insertion[] {
  const block = blockOf(text, service);
  if (block === undefined) throw new Error(`there is no service ${service} in the file`);
  if (block.rpcs.includes(method)) throw new Error(`the service ${service} has a method ${method} already`);
  const style = styleOf(text);
  const { eol } = style;
  const outer = indentAt(text, block.open);
  const isAligned = block.first < block.close && beginsLine(text, block.first);
  const margin = isAligned ? indentAt(text, block.first) : outer + style.indent;
  const body = inStyle(rpc, style, margin);
  const isEmpty = block.contentEnd === block.open + 1;
  const gap = isEmpty ? eol : eol + eol;
  // Where the brace has a line of its own, that line stays as it is.
  const tail =
    beginsLine(text, block.close) && text.slice(block.open, block.close).includes("\n") ? "" : eol + outer;
  const ending = text === "" || text.endsWith("\n") ? "" : eol;
  return [
    { at: block.contentEnd, text: gap + body + tail },
    { at: text.length, text: `${ending}${eol}${inStyle(messages, style, "")}${eol}` },
  ];
}

/** The braces of `service NAME { … }` at the top of a file. */
function blockOf(text: string, service: string): Block | undefined {
  let depth = 0;
  let words: readonly string[] = [];
  let found: { readonly open: number; readonly rpcs: string[] } | undefined;
  let first: number | undefined;
  let contentEnd = 0;
  for (const { kind, text: token, start, end } of protoTokens(text)) {
    if (token === "}" && kind === "mark") {
      depth--;
      if (depth === 0 && found !== undefined)
        return { ...found, close: start, contentEnd, first: first ?? start };
    }
    if (found !== undefined) first ??= start;
    contentEnd = end;
    if (kind === "comment") continue;
    if (depth === 1 && words.at(-1) === "rpc") found?.rpcs.push(token);
    if (token === "{" && kind === "mark") {
      if (depth === 0 && words.at(-2) === "service" && words.at(-1) === service)
        found = { open: start, rpcs: [] };
      depth++;
    }
    words = [...words.slice(-1), token];
  }
  return undefined;
}
