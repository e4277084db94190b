// What MonitorService.Watch tells, as the page reads it: JSON leaves out what is zero, and has 64-bit numbers as text.

/** What the server does, at one moment. */
export interface Look {
  /** By the server's clock, in milliseconds since 1970. */
  readonly atMs: number;
  /** What rates are of; 0 in the first look, which has none. */
  readonly intervalMs: number;
  readonly methods: readonly MethodActivity[];
  /** The oldest ones. */
  readonly openCalls: readonly OpenCall[];
  readonly openCallCount: number;
  readonly process: Process;
  readonly reads: StoreSide;
  readonly writes: StoreSide;
  readonly records: Records;
  /** What debug mode has found, by kind. */
  readonly findings: Readonly<Record<string, number>>;
  /** Whether each service is serving, by its name. */
  readonly serving: Readonly<Record<string, boolean>>;
  readonly threads: readonly Threads[];
  /** Of which nothing is told. */
  readonly silentWorkers: number;
}

export type MethodActivity = Readonly<typeof METHOD>;
export type OpenCall = Readonly<typeof OPEN_CALL>;
export type Process = Readonly<typeof PROCESS>;
export type StoreSide = Readonly<typeof SIDE>;
export type Records = Readonly<typeof RECORDS>;
export type Threads = Readonly<typeof THREADS>;

const METHOD = {
  method: "",
  kind: "",
  callsPerSecond: 0,
  faultsPerSecond: 0,
  p50Ms: 0,
  p95Ms: 0,
  p99Ms: 0,
  openCalls: 0,
  oldestAgeMs: 0,
  messagesInPerSecond: 0,
  messagesOutPerSecond: 0,
};

const OPEN_CALL = {
  method: "",
  requestId: "",
  ageMs: 0,
  caller: "",
  messagesIn: 0,
  messagesOut: 0,
  waitsFor: "",
};

const PROCESS = {
  loopDelayP99Ms: 0,
  loopBusy: 0,
  cpu: 0,
  residentBytes: 0,
  heapUsedBytes: 0,
  connections: 0,
  uptimeSeconds: 0,
};

const SIDE = { queued: 0, inFlight: 0, queriesPerSecond: 0 };

const RECORDS = { queuedRecords: 0, droppedRecords: 0 };

const THREADS = { service: "", threads: 0, inFlight: 0, queued: 0 };

export function lookFrom(text: string): Look {
  const json = JSON.parse(text) as Json; // of the server's own version
  const store = objectOf(json.store);
  return {
    atMs: Date.parse(String(json.time)),
    intervalMs: Number(json.intervalMs ?? 0),
    methods: listOf(json.methods).map((one) => filled(METHOD, one)),
    openCalls: listOf(json.openCalls).map((one) => filled(OPEN_CALL, one)),
    openCallCount: Number(json.openCallCount ?? 0),
    process: filled(PROCESS, json.process),
    reads: filled(SIDE, store.reads),
    writes: filled(SIDE, store.writes),
    records: filled(RECORDS, store),
    findings: Object.fromEntries(
      Object.entries(objectOf(json.findings)).map(([kind, count]) => [kind, Number(count)]),
    ),
    serving: objectOf(json.serving) as Record<string, boolean>, // by its schema
    threads: listOf(json.threads).map((one) => filled(THREADS, one)),
    silentWorkers: Number(json.silentWorkers ?? 0),
  };
}

type Json = Readonly<Record<string, unknown>>;

function objectOf(json: unknown): Json {
  return (json ?? {}) as Json;
}

function listOf(json: unknown): readonly unknown[] {
  return Array.isArray(json) ? json : [];
}

/** The members that `zeros` names, each of the type that it has there. */
function filled<T extends Readonly<Record<string, number | string>>>(zeros: T, json: unknown): T {
  const given = objectOf(json);
  return Object.fromEntries(
    Object.entries(zeros).map(([name, zero]) => {
      const value = given[name] ?? zero;
      return [name, typeof zero === "number" ? Number(value) : String(value)];
    }),
  ) as T; // it has the same names
}
