import type { Insertion } from "./edits.ts";
import { beginsLine, indentAt, inStyle, styleOf } from "./text-style.ts";

/** Something in braces or brackets, by places in its text, each in UTF-16 units. */
export interface Braces {
  /** Whether a comma goes between members (objects, arrays) or nothing does (classes). */
  readonly separator: "," | "";
  /** The opening brace. */
  readonly open: number;
  /** The closing brace. */
  readonly close: number;
  readonly members: readonly { readonly start: number; readonly end: number }[];
}

/** How members are laid out. */
export interface Layout {
  /** An empty line between them, where those that are there do not share a line. Default false. */
  readonly spaced?: boolean;
  /**
   * Where the braces are on one line, which may get this long: the members go on it, or every member gets a line of its
   * own, as a formatter would do it. Default: those that are there stay on their line, and the others come below.
   */
  readonly lineWidth?: number;
}

/**
 * What to insert so that the braces hold `members` behind those that they have. Each is written with two spaces a step and
 * no separator at its end; it is put in the style of the text around it, and comments stay with what they follow.
 */
export function insertMembers(
  text: string,
  braces: Braces,
  members: readonly string[],
  { spaced = false, lineWidth }: Layout = {},
): readonly Insertion[] {
  if (members.length === 0) return [];
  if (lineWidth !== undefined && isOneLine(text, braces)) {
    if (fitsOnLine(text, braces, members, lineWidth)) return onLine(text, braces, members);
    const broken = brokenUp(text, braces, members);
    if (broken !== undefined) return broken;
  }
  const { separator, open, close } = braces;
  const style = styleOf(text);
  const { eol } = style;
  const outer = indentAt(text, open);
  const last = braces.members.at(-1);
  const aligned = braces.members.find(({ start }) => beginsLine(text, start));
  const margin = aligned === undefined ? outer + style.indent : indentAt(text, aligned.start);
  const isApart = spaced && aligned !== undefined;
  const bodies = members.map((member) => `${inStyle(member, style, margin)}${separator}`);
  const block = bodies.join(spaced ? eol + eol : eol);
  if (last === undefined) {
    // An empty pair, maybe around a comment, which stays in front.
    const at = trimmedEnd(text, open + 1, close);
    return [{ at, text: eol + block + closing(text, at, close, eol + outer) }];
  }
  const { comma, end } = tailOf(text, last.end, close);
  const gap = isApart ? eol + eol : eol;
  const own = separator !== "" && comma === undefined ? separator : "";
  const rest = gap + block + closing(text, end, close, eol + outer);
  if (own === "" || end === last.end) return [{ at: end, text: own + rest }];
  return [
    { at: last.end, text: own },
    { at: end, text: rest },
  ];
}

/** Whether the braces are on one line, with nothing but members in them. */
function isOneLine(text: string, { open, close, members }: Braces): boolean {
  let from = open + 1;
  for (const { start, end } of [...members, { start: close, end: close }]) {
    if (!/^[ ,]*$/.test(text.slice(from, start))) return false;
    from = end;
  }
  return !text.slice(open, close).includes("\n");
}

function fitsOnLine(
  text: string,
  { open, close }: Braces,
  members: readonly string[],
  lineWidth: number,
): boolean {
  if (members.some((member) => member.includes("\n"))) return false;
  const lineStart = text.lastIndexOf("\n", open) + 1;
  const rest = /\r?\n|$/.exec(text.slice(close))?.index ?? 0;
  return close + rest - lineStart + members.join(", ").length + 2 <= lineWidth;
}

/**
 * A line for each member. The spaces between those that are there become the last of their indentation; undefined where
 * they do not fit it.
 */
function brokenUp(text: string, braces: Braces, added: readonly string[]): readonly Insertion[] | undefined {
  const { open, close, members } = braces;
  const style = styleOf(text);
  const outer = indentAt(text, open);
  const margin = outer + style.indent;
  const last = members.at(-1);
  if (last === undefined) return undefined;
  const insertions: Insertion[] = [];
  let from = open + 1;
  for (const { start, end } of members) {
    const gap = text.slice(from, start).replace(",", "");
    if (!margin.endsWith(gap) || gap.length > 1) return undefined;
    insertions.push({
      at: start - gap.length,
      text: style.eol + margin.slice(0, margin.length - gap.length),
    });
    from = end;
  }
  const { comma } = tailOf(text, last.end, close);
  const gap = text.slice(comma === undefined ? last.end : comma + 1, close);
  if (!margin.endsWith(gap) || gap.length > 1) return undefined;
  const bodies = added.map((member) => `${inStyle(member, style, margin)},`).join(style.eol);
  insertions.push(
    {
      at: close - gap.length,
      text: (comma === undefined ? "," : "") + style.eol + margin.slice(0, margin.length - gap.length),
    },
    { at: close, text: bodies.slice(margin.length) + style.eol + outer },
  );
  return insertions;
}

function onLine(
  text: string,
  { open, close, members: known }: Braces,
  members: readonly string[],
): Insertion[] {
  const list = members.join(", ");
  const last = known.at(-1);
  if (last === undefined) {
    const after = text.slice(open + 1, close) === "" && text[open] === "{" ? " " : "";
    return [{ at: open + 1, text: `${text[open] === "{" ? " " : ""}${list}${after}` }];
  }
  const { comma } = tailOf(text, last.end, close);
  return comma === undefined ? [{ at: last.end, text: `, ${list}` }] : [{ at: comma + 1, text: ` ${list},` }];
}

/** What has to come between new members and a closing brace that shares the line of what is before them. */
function closing(text: string, from: number, close: number, lineBreak: string): string {
  return text.slice(from, close).includes("\n") ? "" : lineBreak;
}

/** Where what is between two places ends, its last whitespace left out. */
function trimmedEnd(text: string, from: number, to: number): number {
  return from + text.slice(from, to).trimEnd().length;
}

/**
 * What follows the last member: its comma, and the end of the comments that belong to it or to nothing else. Only
 * whitespace, comments and one comma can stand there.
 */
function tailOf(text: string, from: number, close: number): { comma: number | undefined; end: number } {
  let comma: number | undefined;
  for (const { 0: piece, index } of text.slice(from, close).matchAll(/\/\/[^\r\n]*|\/\*[\s\S]*?\*\/|,/g)) {
    if (piece === ",") comma = from + index;
  }
  return { comma, end: trimmedEnd(text, from, close) };
}
