import { diff } from "node:util";

/** Lines around a change. */
const contextLines = 3;

/** A line as `git apply` reads it. */
interface DiffLine {
  readonly mark: " " | "+" | "-";
  readonly text: string;
}

/** How a file changes, as `git diff` writes it; `before` is undefined for a file that is made. */
export function unifiedDiff(path: string, before: string | undefined, after: string): string {
  const head = before === undefined ? "--- /dev/null" : `--- a/${path}`;
  const lines = linesOf(before ?? "", after);
  return `${[head, `+++ b/${path}`, ...hunks(lines)].join("\n")}\n`;
}

function linesOf(before: string, after: string): readonly DiffLine[] {
  // Node's `diff` marks with 1 what the first has alone, and with -1 what the second has alone.
  return diff(split(before), split(after)).map(([operation, text]) => {
    const mark = operation === -1 ? "+" : operation === 1 ? "-" : " ";
    return { mark, text };
  });
}

/** Lines with what ends them. */
function split(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function hunks(lines: readonly DiffLine[]): readonly string[] {
  const changed = lines.flatMap(({ mark }, index) => (mark === " " ? [] : [index]));
  const ranges: { from: number; to: number }[] = [];
  for (const index of changed) {
    const [from, to] = [Math.max(0, index - contextLines), Math.min(lines.length, index + contextLines + 1)];
    const last = ranges.at(-1);
    if (last !== undefined && from <= last.to) last.to = to;
    else ranges.push({ from, to });
  }
  return ranges.flatMap(({ from, to }) => hunk(lines, from, to));
}

function hunk(lines: readonly DiffLine[], from: number, to: number): readonly string[] {
  const count = (part: readonly DiffLine[], mark: string) =>
    part.filter((line) => line.mark === " " || line.mark === mark).length;
  const part = lines.slice(from, to);
  const [before, after] = [lines.slice(0, from), lines.slice(0, from)];
  const [removed, added] = [count(part, "-"), count(part, "+")];
  const start = (skipped: number, length: number) => (length === 0 ? skipped : skipped + 1);
  const place = `@@ -${start(count(before, "-"), removed)},${removed} +${start(count(after, "+"), added)},${added} @@`;
  return [place, ...part.flatMap(shown)];
}

function shown({ mark, text }: DiffLine): readonly string[] {
  return text.endsWith("\n") ? [mark + text.slice(0, -1)] : [mark + text, "\\ No newline at end of file"];
}
