/** What is known of how long a query takes. */
export type QueryClass = "new" | "short" | "long";

/** How long queries take, by their numbers, for who decides where they wait. */
export interface QueryCosts {
  classOf(query: number): QueryClass;
  /** Takes the time of one run. True when the query is of another class from here on. */
  ran(query: number, tookMs: number): boolean;
}

/** What takes longer is no short query, in milliseconds. */
export const shortMs = 50;

/** What is left of a time after a shorter run: a query of a second that turned short is trusted after 14 runs. */
const decay = 0.8;

/** Remembers the longest time of each query, which fades with every shorter run. */
export function createQueryCosts(): QueryCosts {
  const costs: number[] = [];
  const classOf = (query: number): QueryClass => {
    // Pings have numbers below zero.
    if (query < 0) return "short";
    const cost = costs[query];
    if (cost === undefined) return "new";
    return cost <= shortMs ? "short" : "long";
  };
  return {
    classOf,
    ran(query, tookMs) {
      if (query < 0) return false;
      const known = costs[query];
      if (tookMs < 1 && known === 0) return false;
      const before = classOf(query);
      const cost = known === undefined ? tookMs : Math.max(tookMs, known * decay);
      costs[query] = cost < 1 ? 0 : cost;
      return classOf(query) !== before;
    },
  };
}
