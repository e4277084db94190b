import { formatTable } from "./io.ts";

/** A column of a table that has to fit. */
export interface FitColumn {
  readonly heading: string;
  /** Its texts may be cut to so many characters. Default: they are not cut. */
  readonly least?: number;
  /** The end of a text says most, and stays. Default: the beginning. */
  readonly keepsEnd?: boolean;
  /** Where there is no room, the column with the greatest rank goes first. Default: it stays. */
  readonly rank?: number;
}

/** Between two columns, as `formatTable` has it. */
const GAP = 2;

/** A table of lines that are no longer than `width`: texts are cut, and where that does not do, columns are left out. */
export function fitTable(
  columns: readonly FitColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  let kept = columns.map((column, at) => ({ ...column, texts: rows.map((row) => row[at] ?? "") }));
  for (;;) {
    const widths = kept.map(({ heading, texts }) =>
      Math.max(...[heading, ...texts].map(({ length }) => length)),
    );
    const over = narrow(kept, widths, width);
    const ranks = kept.map(({ rank = 0 }) => rank);
    const greatest = Math.max(...ranks);
    if (over <= 0 || greatest === 0) {
      const cut = (text: string, at: number) => shortened(text, widths[at] ?? 0, kept[at]?.keepsEnd === true);
      const cells = rows.map((_, row) => kept.map(({ texts }, at) => cut(texts[row] ?? "", at)));
      const lines = formatTable([kept.map(({ heading }) => heading), ...cells]).split("\n");
      return lines.map((line) => shortened(line, width, false));
    }
    kept = kept.filter((_, at) => at !== ranks.indexOf(greatest));
  }
}

/** Takes from the widest columns what is too much. Gives what is still too much after that. */
function narrow(columns: readonly FitColumn[], widths: number[], width: number): number {
  let over = widths.reduce((sum, one) => sum + one + GAP, -GAP) - width;
  const slack = (at: number): number => {
    const { least = Number.POSITIVE_INFINITY, heading = "" } = columns[at] ?? {};
    return (widths[at] ?? 0) - Math.max(least, heading.length);
  };
  while (over > 0) {
    const widest = widths.reduce((best, _, at) => (slack(at) > slack(best) ? at : best), 0);
    if (slack(widest) <= 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over--;
  }
  return over;
}

function shortened(text: string, length: number, keepsEnd: boolean): string {
  if (text.length <= length) return text;
  const left = Math.max(0, length - 1);
  if (length <= 0) return "";
  return keepsEnd ? `…${text.slice(text.length - left)}` : `${text.slice(0, left)}…`;
}
