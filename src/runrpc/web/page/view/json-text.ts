import { h } from "../dom.ts";

/** JSON that is longer than this is shown without colours, in characters. */
const MAX_COLOURED = 200_000;

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
