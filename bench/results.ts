/** What one server showed in one measure, a value for each round. */
export interface Figures {
  /** CPU time of the server for each call or message, in microseconds. */
  readonly cpuUs: number[];
  readonly perSecond: number[];
  /** Only of the paced load, in milliseconds. */
  readonly p50Ms: number[];
  readonly p99Ms: number[];
}

/** What one server showed with idle streams open, a value for each round. */
export interface IdleFigures {
  readonly bytesPerStream: number[];
  readonly bytesPerConnection: number[];
  /** Resident memory after all streams ended, as a part of what it was before they began. */
  readonly afterwards: number[];
}

/** Where it ran: what a reader needs to know to compare figures. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
}

/** What a run writes to results/latest.json. */
export interface Results {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  /** Load averages (1, 5 and 15 minutes) before and after, and how it was measured. */
  readonly run: {
    readonly date: string;
    readonly rounds: number;
    readonly sampleMs: number;
    readonly loadBefore: readonly number[];
    readonly loadAfter: readonly number[];
  };
  /** By measure, then by server. */
  readonly figures: Readonly<Record<string, Readonly<Record<string, Figures>>>>;
  /** CPU time of the server for each unary call as other people's tools load it, in microseconds, by tool and server. */
  readonly outside?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly idle: Readonly<Record<string, IdleFigures>>;
  /** Rows of the request log that found no room, by server; 0 where every call was written. */
  readonly droppedRows: Readonly<Record<string, number>>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper;
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

/** Three digits that count. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
