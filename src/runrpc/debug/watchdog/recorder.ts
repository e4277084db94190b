import type { Session } from "node:inspector";
import { ownerOf } from "../place.ts";
import type { BlockFrame } from "./memory.ts";

/**
 * V8's sampling profiler on the main thread, held from another thread: it sees what runs while the main thread answers
 * nobody, native code too, whose line a stop does not tell. It costs a few hundredths of a core, so it runs only for a while
 * after it was needed.
 */
export interface Recorder {
  readonly isOn: boolean;
  /**
   * When it last held the main thread itself, by `performance.now()`: V8 tells a profiler of all code there is each time that one
   * starts, which takes tens of milliseconds.
   */
  readonly heldAtMs: number;
  /** Starts it, or goes on with it. */
  arm(): void;
  /** Where most of the last `ms` milliseconds went. Undefined where it is off, or saw nothing. */
  cut(ms: number): Promise<BlockFrame | undefined>;
  /** To be called now and then: what is recorded does not grow without a bound, and nobody pays for what is not needed. */
  tick(nowMs: number): void;
  disarm(): void;
}

/** Between two samples, in microseconds. */
const SAMPLE_US = 5_000;
/** A recording is thrown away and begun again after this, in milliseconds. */
const MAX_RECORDING_MS = 10_000;
/** It goes off when no block has come for so long, in milliseconds. */
const ARMED_MS = 300_000;

export function createRecorder(connect: () => Session): Recorder {
  let session: Session | undefined;
  let startedMs = 0;
  let neededMs = 0;
  let starting = 0;
  let heldAtMs = Number.NEGATIVE_INFINITY;

  const restart = (): void => {
    starting++;
    session?.post("Profiler.start", () => {
      starting--;
      heldAtMs = performance.now();
    });
    startedMs = performance.now();
  };
  const stop = (): Promise<Profile | undefined> =>
    new Promise((resolve) => {
      if (session === undefined) return resolve(undefined);
      session.post("Profiler.stop", (error, result) =>
        // Samples and deltas are there, as samples were asked for.
        resolve(error === null ? (result.profile as Profile) : undefined),
      );
      restart();
    });

  const recorder: Recorder = {
    get isOn() {
      return session !== undefined;
    },
    get heldAtMs() {
      return starting > 0 ? performance.now() : heldAtMs;
    },
    arm() {
      neededMs = performance.now();
      if (session !== undefined) return;
      session = connect();
      session.post("Profiler.enable");
      session.post("Profiler.setSamplingInterval", { interval: SAMPLE_US });
      restart();
    },
    async cut(ms) {
      const sinceMs = performance.now() - ms;
      const profile = await stop();
      return profile && heaviest(profile, performance.now() - sinceMs);
    },
    tick(nowMs) {
      if (session === undefined) return;
      if (nowMs - neededMs > ARMED_MS) recorder.disarm();
      else if (nowMs - startedMs > MAX_RECORDING_MS) void stop();
    },
    disarm() {
      session?.post("Profiler.disable");
      session?.disconnect();
      session = undefined;
      starting = 0;
    },
  };
  return recorder;
}

/** Of the inspector's own type what is used. */
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[];
}

/** The user's code in which most of the last `ms` milliseconds were spent, if it was most of what was not idle. */
function heaviest(profile: Profile, ms: number): BlockFrame | undefined {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children = [] } of profile.nodes) for (const child of children) parents.set(child, id);
  const from = profile.endTime - ms * 1_000;
  const times = new Map<ProfileNode, number>();
  let atUs = profile.startTime;
  let busyUs = 0;
  profile.samples.forEach((id, index) => {
    const deltaUs = profile.timeDeltas[index] ?? 0;
    atUs += deltaUs;
    // (idle), (program), (garbage collector): nobody's code.
    if (atUs < from || nodes.get(id)?.callFrame.functionName.startsWith("(") !== false) return;
    busyUs += deltaUs;
    const found = userNode(id, nodes, parents);
    if (found !== undefined) times.set(found, (times.get(found) ?? 0) + deltaUs);
  });
  const [top] = [...times].sort(([, one], [, other]) => other - one);
  return top !== undefined && top[1] * 2 > busyUs ? frameOf(top[0]) : undefined;
}

/** The nearest node above a sample that is the user's. */
function userNode(
  id: number,
  nodes: ReadonlyMap<number, ProfileNode>,
  parents: ReadonlyMap<number, number>,
): ProfileNode | undefined {
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const node = nodes.get(at);
    if (node !== undefined && ownerOf(node.callFrame.url) === "user") return node;
  }
  return undefined;
}

/** The line on which the node was seen most; its first one where it was seen on none. */
function frameOf({ callFrame, positionTicks = [] }: ProfileNode): BlockFrame {
  const [most] = [...positionTicks].sort((one, other) => other.ticks - one.ticks);
  const { url, functionName, lineNumber } = callFrame;
  return { url, functionName, line: most?.line ?? Math.max(1, lineNumber + 1) };
}
