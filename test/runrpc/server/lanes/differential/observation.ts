/** What a client saw of the answer to one scenario. */
export interface Observation {
  /** 0: there was no answer. */
  readonly status: number;
  /** `name: value`, sorted; without the date. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly trailers: readonly string[];
  /** `ended`: in good order. `cut`: the connection closed before. `left`: the client did. A number: RST_STREAM's code. */
  readonly end: "ended" | "cut" | "left" | "silent" | number;
}

/** How long a server may leave a client without a word before the client calls it silent, in milliseconds. */
export const PATIENCE_MS = 15_000;

/** Header lines in an order of their own, because the order of different names means nothing. */
export function headerLines(pairs: Iterable<readonly [string, string]>): string[] {
  return [...pairs]
    .filter(([name]) => name.toLowerCase() !== "date")
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .sort();
}
