/** The same work by each, in one process. */
export interface Comparison {
  readonly title: string;
  readonly theirs: () => unknown;
  readonly ours: () => unknown;
  /** The same by Go, so many times: nanoseconds each. */
  readonly go?: ((times: number) => Promise<number>) | undefined;
}

/** Keeps what was made from being optimised away. */
export const sink: { last: unknown } = { last: undefined };

const ROUNDS = 15;
/** Rounds before those that count: V8 has compiled by then. */
const WARM_UP = 4;
/** What one round of one way takes, about, in milliseconds. */
const ROUND_MS = 12;

/** Nanoseconds of a round each. */
interface Rounds {
  readonly theirs: number[];
  readonly ours: number[];
  readonly go: number[];
}

/** Takes turns, so that what else the machine does is in all, and prints the medians. */
export async function compare(
  names: readonly [theirs: string, ours: string],
  comparisons: readonly Comparison[],
): Promise<void> {
  const rows = comparisons.map((comparison) => ({
    comparison,
    rounds: { theirs: [], ours: [], go: [] } as Rounds,
    times: repeatsFor(comparison.theirs),
  }));
  for (let round = -WARM_UP; round < ROUNDS; round++)
    for (const { comparison, rounds, times } of rows) {
      const their = nanosecondsOf(comparison.theirs, times);
      const our = nanosecondsOf(comparison.ours, times);
      const go = await comparison.go?.(times);
      if (round < 0) continue;
      rounds.theirs.push(their);
      rounds.ours.push(our);
      if (go !== undefined) rounds.go.push(go);
    }
  const hasGo = rows.some(({ rounds }) => rounds.go.length > 0);
  console.log(line("", names[0], names[1], "ratio", ...(hasGo ? ["Go", "ratio"] : [])));
  for (const { comparison, rounds } of rows) console.log(lineOf(comparison.title, rounds));
}

function lineOf(title: string, { theirs, ours, go }: Rounds): string {
  const [their, our] = [medianOf(theirs), medianOf(ours)];
  const ratio = (to: number) => (our / to).toFixed(2);
  const besideGo = go.length === 0 ? [] : [nanoseconds(medianOf(go)), ratio(medianOf(go))];
  return line(title, nanoseconds(their), nanoseconds(our), ratio(their), ...besideGo);
}

function line(title: string, ...cells: readonly string[]): string {
  return title.padEnd(42) + cells.map((cell) => cell.padStart(13)).join("");
}

function nanoseconds(value: number): string {
  return `${Math.round(value)} ns`;
}

function nanosecondsOf(run: () => unknown, times: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) sink.last = run();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / times;
}

function repeatsFor(run: () => unknown): number {
  for (let i = 0; i < 20; i++) sink.last = run();
  const each = nanosecondsOf(run, 20);
  return Math.max(10, Math.round((ROUND_MS * 1e6) / each));
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
