import type { Debugger, InspectorNotification, Session } from "node:inspector";
import { ownerOf } from "../place.ts";
import type { ThreadClock } from "./clock.ts";
import { type BlockCall, type BlockFrame, type SharedMemory, word } from "./memory.ts";

/** Where the main thread was when it was stopped. */
export interface Stop {
  readonly frames: readonly BlockFrame[];
  readonly call: BlockCall | undefined;
  /**
   * How long the main thread took to hear of it while it had a processor, in milliseconds: JavaScript hears at once, native
   * code when it is over.
   */
  readonly heardMs: number;
}

/** A stop that was asked for. */
export interface AskedStop {
  /** Resolves when the main thread was stopped and goes on again; undefined where it was not stopped. */
  readonly made: Promise<Stop | undefined>;
  /** The main thread goes on by itself: it is not to be stopped any more. */
  cancel(): void;
}

/** Frames that are told. */
const MAX_FRAMES = 24;
/** Frames in which the call is asked for. */
const MAX_TRIES = 3;
/** How long the question may take, in milliseconds. */
const ASK_MS = 100;

/**
 * Stops the main thread through the inspector, reads its stack and the call, and lets it go on, come what may: a main
 * thread that stays stopped is a server that hangs. `asked` and `paused` in the shared memory tell the guard how far it is.
 */
export function askForStop(
  connect: () => Session,
  readClock: () => ThreadClock | undefined,
  memory: SharedMemory,
  globalName: string,
): AskedStop {
  const { words } = memory;
  const session = connect();
  const { promise, resolve, reject } = Promise.withResolvers<Stop | undefined>();
  const scripts = new Map<string, string>();
  // A clock that stands while the main thread waits for a processor, as far as the system tells.
  const waitlessMs = (): number => performance.now() - (readClock()?.waitedMs ?? 0);
  const askedMs = waitlessMs();
  let heardMs = 0;
  let hasLetGo = false;
  const letGo = (): void => {
    if (hasLetGo) return;
    hasLetGo = true;
    try {
      session.post("Debugger.resume", ignore);
      session.post("Debugger.disable", ignore);
      session.disconnect();
    } finally {
      Atomics.store(words, word.paused, 0);
      Atomics.store(words, word.pauseAsked, 0);
    }
  };
  const onPaused = async ({ params }: Paused): Promise<void> => {
    try {
      Atomics.store(words, word.paused, 1);
      const frames = params.callFrames.slice(0, MAX_FRAMES);
      // A frame names its script by a number alone.
      const named = frames.map((frame) => frameFrom(frame, scripts));
      const call = await askForCall(session, frames, named, globalName);
      resolve({ frames: named, call, heardMs });
    } catch (reason) {
      reject(reason);
    } finally {
      letGo();
    }
  };
  Atomics.store(words, word.pauseAsked, 1);
  session.on("Debugger.scriptParsed", ({ params }) => scripts.set(params.scriptId, params.url));
  session.once("Debugger.paused", (message) => void onPaused(message).catch(reject));
  try {
    session.post("Runtime.getIsolateId", () => {
      heardMs = waitlessMs() - askedMs;
    });
    session.post("Debugger.enable");
    session.post("Debugger.pause");
  } catch (reason) {
    letGo();
    throw reason;
  }
  return {
    made: promise,
    cancel() {
      if (Atomics.load(words, word.paused) === 1) return;
      letGo();
      resolve(undefined);
    },
  };
}

type Paused = InspectorNotification<Debugger.PausedEventDataType>;

function frameFrom(
  { functionName, location }: Debugger.CallFrame,
  scripts: ReadonlyMap<string, string>,
): BlockFrame {
  return { functionName, url: scripts.get(location.scriptId) ?? "", line: location.lineNumber + 1 };
}

/** Frames of Node's may be half made, so that the question is asked in others first. */
async function askForCall(
  session: Session,
  frames: readonly Debugger.CallFrame[],
  named: readonly BlockFrame[],
  globalName: string,
): Promise<BlockCall | undefined> {
  const expression = `globalThis[Symbol.for(${JSON.stringify(globalName)})]?.()`;
  const others = frames.filter((_, index) => ownerOf(named[index]?.url ?? "") !== "node");
  for (const frame of [...others, ...frames.slice(0, 1)].slice(0, MAX_TRIES)) {
    const text = await evaluate(session, frame.callFrameId, expression);
    if (text !== undefined) return JSON.parse(text) as BlockCall; // as the main thread writes it
  }
  return undefined;
}

/** The text that an expression gives in a frame; undefined where it gives none. */
function evaluate(session: Session, callFrameId: string, expression: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    // The timeout is the protocol's, and not among Node's types.
    const question: Debugger.EvaluateOnCallFrameParameterType & { readonly timeout: number } = {
      callFrameId,
      expression,
      silent: true,
      returnByValue: true,
      timeout: ASK_MS,
    };
    session.post("Debugger.evaluateOnCallFrame", question, (error, answer) => {
      const value: unknown = error === null ? answer.result.value : undefined;
      resolve(typeof value === "string" && answer.exceptionDetails === undefined ? value : undefined);
    });
  });
}

function ignore(): void {}
