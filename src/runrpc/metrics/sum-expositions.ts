import { numberText } from "./exposition.ts";

/** What one process tells of itself, as `Exposition` writes it. */
export interface Summand {
  readonly text: string;
  /** It is of a moment that is past: its gauges are left out. */
  readonly isPast?: boolean;
}

/** Gauges of which the greatest is told, and those of which the least is. Others are added up, as counters and histograms are. */
const GREATEST = /^(nodejs_eventloop_delay_\w+|runrpc_server_oldest_call_age_seconds)$/;
const LEAST = /^process_start_time_seconds$/;

interface Family {
  readonly name: string;
  readonly type: string;
  /** The lines of HELP and TYPE. */
  readonly head: string;
  /** By name and labels, as they stand before the value. */
  readonly samples: Map<string, number>;
}

/** Has several processes tell of themselves as one. Families and samples come in the order in which they are met first. */
export function sumExpositions(summands: readonly Summand[]): string {
  const families = new Map<string, Family>();
  for (const summand of summands) add(families, summand);
  let text = "";
  for (const { head, samples } of families.values()) {
    text += head;
    for (const [sample, value] of samples) text += `${sample} ${numberText(value)}\n`;
  }
  return text;
}

function add(families: Map<string, Family>, { text, isPast = false }: Summand): void {
  let help = "";
  let family: Family | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("# HELP ")) {
      help = line;
    } else if (line.startsWith("# TYPE ")) {
      const [, , name = "", type = ""] = line.split(" ");
      const isLeftOut = isPast && type === "gauge";
      family = isLeftOut
        ? undefined
        : (families.get(name) ?? { name, type, head: `${help}\n${line}\n`, samples: new Map() });
      if (family !== undefined) families.set(name, family);
    } else if (family !== undefined && line !== "") {
      // A label's value may hold a space.
      const end = line.lastIndexOf(" ");
      const sample = line.slice(0, end);
      const value = numberOf(line.slice(end + 1));
      const before = family.samples.get(sample);
      family.samples.set(sample, before === undefined ? value : together(family, before, value));
    }
  }
}

function together({ name, type }: Family, one: number, other: number): number {
  if (type === "gauge" && GREATEST.test(name)) return Math.max(one, other);
  if (type === "gauge" && LEAST.test(name)) return Math.min(one, other);
  return one + other;
}

function numberOf(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}
