/** JSON that is longer than this stays as it came, in characters: more of it than a person reads. */
const MAX_PRETTY = 1_000_000;

/** JSON with a line for each value; what is none stays as it is. Digits are kept, whatever their number. */
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

/** JSON in one line; what is none stays as it is. Digits are kept here, too. */
export function compactJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
}
