import type { Exposition, Labels } from "./exposition.ts";

/** Seconds, as OpenTelemetry advises for calls: https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/ */
export const CALL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Seconds, to a day: streams last as long as their clients stay. */
export const STREAM_SECONDS = [0.1, 1, 10, 60, 300, 900, 3_600, 14_400, 43_200, 86_400];

/** Seconds, as fine as those of calls: a message that is there is sent at once, and one that is waited for may come in an hour. */
export const FIRST_MESSAGE_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600,
];

/** Seconds, from the 50 µs of a look-up by key: queries are shorter than calls. */
export const QUERY_SECONDS = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/** Counts observations by size. A class, because calls that end write to it: numbers alone, and one hidden shape. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds the upper bounds of its buckets, rising; what is greater is counted apart */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++; // below its length
    (this.#counts[bucket] as number)++; // one more than bounds
    this.#sum += value;
  }

  write(exposition: Exposition, labels: Labels): void {
    exposition.histogram(this.#bounds, this.#counts, this.#sum, labels);
  }
}
