/** How a file is written, to write the same way into it. */
export interface TextStyle {
  readonly eol: "\n" | "\r\n";
  /** One step of indentation: a tab, or some spaces. */
  readonly indent: string;
}

/** The style of a text, by its first line end and its first indented line; `\n` and two spaces where it has none. */
export function styleOf(text: string): TextStyle {
  const eol = /\r?\n/.exec(text)?.[0] === "\r\n" ? "\r\n" : "\n";
  const indent = /^(\t| {2}| {4}| {8})[^\s*]/m.exec(text)?.[1] ?? "  ";
  return { eol, indent };
}

/** The whitespace that the line of a place begins with, up to that place. */
export function indentAt(text: string, at: number): string {
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, at))?.[0] ?? "";
}

/** Whether nothing but whitespace is before a place on its line. */
export function beginsLine(text: string, at: number): boolean {
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  return /^\ufeff?[ \t]*$/.test(text.slice(lineStart, at));
}

/**
 * Lines, written with two spaces a step and `\n`, as they stand in a file of another style, each but the empty ones behind
 * `margin`.
 */
export function inStyle(lines: string, { eol, indent }: TextStyle, margin: string): string {
  return lines
    .split("\n")
    .map((line) => {
      if (line === "") return "";
      const [, spaces = "", rest = ""] = /^((?: {2})*)(.*)$/.exec(line) ?? [];
      return margin + indent.repeat(spaces.length / 2) + rest;
    })
    .join(eol);
}
