/** A piece of a `.proto` file. Whitespace is between them. */
export interface ProtoToken {
  readonly kind: "comment" | "string" | "word" | "mark";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The tokens of a `.proto` text. It knows comments, strings, words (with the dots of full names) and single marks, which is
 * what finding a block takes; whether the text is right is for buf to say.
 *
 * @throws Error for a comment or string without an end.
 */
export function* protoTokens(text: string): Generator<ProtoToken, void, undefined> {
  const pattern =
    /(?<comment>\/\/[^\n]*?(?=\r?(?:\n|$))|\/\*[\s\S]*?\*\/)|(?<string>"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')|(?<word>[\w.]+)|(?<open>\/\*|["'])|(?<mark>[^\s\ufeff])/gu;
  for (const match of text.matchAll(pattern)) {
    const { comment, string, word, open } = match.groups ?? {};
    const [token] = match;
    if (open !== undefined)
      throw new Error(
        `the ${open === "/*" ? "comment" : "text"} at ${placeOf(text, match.index)} has no end`,
      );
    const kind =
      comment !== undefined
        ? "comment"
        : string !== undefined
          ? "string"
          : word !== undefined
            ? "word"
            : "mark";
    yield { kind, text: token, start: match.index, end: match.index + token.length };
  }
}

/** A place in a text as `line:column`, both from 1. */
export function placeOf(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  return `${line}:${at - before.lastIndexOf("\n")}`;
}
