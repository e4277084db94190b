import type { CallHead } from "../server/call/call.ts";
import type { Finding } from "./finding.ts";
import { type Frame, ownerOf, placeOf } from "./place.ts";
import type { Block, BlockFrame } from "./watchdog/memory.ts";

/** A piece of a handler that ran without a pause. */
export interface LongRun {
  readonly head: CallHead;
  readonly tookMs: number;
  /** When it was over. */
  readonly atMs: number;
}

/** How much of a block a run fills whose call it is taken for. */
const MOST_OF_IT = 0.5;

/**
 * What is told of a time in which the loop did not turn: who held it, or that it was the machine.
 *
 * @param onlyCall the one whose handler ran in this time, where there was no other.
 */
export function findingFromBlock(
  block: Block,
  blockMs: number,
  longRun: LongRun | undefined,
  onlyCall?: CallHead | undefined,
): Finding {
  const { heldMs, frames, recorded } = block;
  if (isMachines(block, blockMs)) return machineBusy(block);
  const stopped = placeOf(frames);
  const place = block.isSure ? stopped : (recorded ?? stopped);
  const isNear = place !== undefined && place === stopped && !block.isSure;
  const call = block.call ?? callOfRun(longRun, heldMs) ?? onlyCall;
  const by = nativeName(frames, place);
  const held = `the event loop was held for ${Math.round(heldMs)} ms`;
  return {
    kind: "loop_held",
    text: `${held}${by}${place === undefined ? `: ${unknownPlace(block)}` : isNear ? NEAR : ""}`,
    cure: "give it less to do at a time, use an asynchronous function, or let it run in a thread",
    call,
    place,
    stack: frames,
    tookMs: heldMs,
    ...(block.waitedMs === undefined || block.waitedMs < 1
      ? {}
      : { parts: { "waiting for a processor": Math.round(block.waitedMs) } }),
  };
}

const NEAR =
  " by native code, at this line or shortly before it; the flight recorder is on from here, and tells the line of the next one";

/** Of a block in which the main thread waited for more of the time than this, what is left is mostly what had piled up meanwhile. */
const MOSTLY_WAITED = 0.75;
/** So many times as long has that to be, before it is anybody's. */
const PILED_UP = 3;

/** Without its waiting for a processor, the main thread would not have held the loop for so long. */
function isMachines({ heldMs, waitedMs, cpuMs, frames }: Block, blockMs: number): boolean {
  if (waitedMs !== undefined)
    return heldMs - waitedMs < (waitedMs > MOSTLY_WAITED * heldMs ? PILED_UP * blockMs : blockMs);
  // All that is known is how long it ran: what waits in a system call looks the same, but stands in a function of Node's.
  const isInSystemCall = frames[0]?.url.startsWith("node:") === true;
  return cpuMs !== undefined && cpuMs < heldMs / 2 && !isInSystemCall;
}

function machineBusy({ heldMs, waitedMs, cpuMs }: Block): Finding {
  const waited = waitedMs ?? heldMs - (cpuMs ?? 0);
  return {
    kind: "machine_busy",
    text: `the machine was busy: the main thread waited ${Math.round(waited)} ms for a processor, and the event loop did not turn for ${Math.round(heldMs)} ms`,
    cure: "look for what else runs on this machine, or for the limit of this container",
    tookMs: heldMs,
    key: "",
  };
}

function callOfRun(run: LongRun | undefined, heldMs: number): CallHead | undefined {
  if (run === undefined || performance.now() - run.atMs > heldMs + 1_000) return undefined;
  return run.tookMs >= heldMs * MOST_OF_IT ? run.head : undefined;
}

/** ` by readFileSync`: the function of Node's that the user's code called. */
function nativeName(frames: readonly BlockFrame[], place: Frame | undefined): string {
  const index = frames.findIndex(({ url, line }) => url === place?.url && line === place.line);
  const below = frames[index - 1];
  return below !== undefined && ownerOf(below.url) === "node" && below.functionName.endsWith("Sync")
    ? ` by ${below.functionName}`
    : "";
}

function unknownPlace({ frames, isRecorderOn }: Block): string {
  if (isRecorderOn) return "by no code of yours that was seen";
  return frames.length === 0
    ? "it was not stopped in time to see by whom"
    : "native code held it, whose line a stop does not tell; the flight recorder is on from here, and tells the next one";
}
