import { h } from "../dom.ts";

/** JSON that is longer than this is shown without colours, in characters. */
const MAX_COLOURED = 200_000;

/** JSON that is longer than this stays as it came, in characters: more of it than a person reads. */
const MAX_PRETTY = 1_000_000;

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;

/** JSON with its parts in colours. What stands in it stays text. */
export function colouredJson(text: string): readonly Node[] {
  if (text.length > MAX_COLOURED) return [document.createTextNode(text)];
  const nodes: Node[] = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon, number, word] = match;
    if (match.index > at) nodes.push(document.createTextNode(text.slice(at, match.index)));
    const kind = string === undefined ? (number === undefined ? "word" : "number") : colon ? "key" : "string";
    nodes.push(h("span", { class: `j-${kind}` }, string ?? number ?? word ?? ""));
    if (colon !== undefined) nodes.push(document.createTextNode(colon));
    at = match.index + whole.length;
  }
  nodes.push(document.createTextNode(text.slice(at)));
  return nodes;
}

/** The same JSON with a line for each value; what is none stays as it is. Digits are kept, whatever their number. */
export function prettyJson(text: string): string {
  if (text.length > MAX_PRETTY) return text;
  let depth = 0;
  let pretty = "";
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    const line = () => `\n${"  ".repeat(Math.max(depth, 0))}`;
    if (/^[{[]\s*[}\]]$/.test(token)) pretty += token.replace(/\s/g, "");
    else if (token === "{" || token === "[") {
      depth++;
      pretty += token + line();
    } else if (token === "}" || token === "]") {
      depth--;
      pretty += line() + token;
    } else if (token === ",") pretty += token + line();
    else pretty += token === ":" ? ": " : token;
  }
  return pretty;
}

/** The same JSON in one line; what is none stays as it is. Digits are kept here, too. */
export function compactJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
}
