import { encodeFrame } from "./frames.ts";

/** How the items of a list are sent. */
export interface ListSender {
  /** How many elements of the list each item takes up. */
  readonly width: number;
  readonly maxFrameBytes: number;
  send(frame: Buffer): void;
  /** Told of an item that cannot be sent, by its first element. */
  fail(first: unknown, problem: Unsendable): void;
}

/** Why an item cannot be sent: it is too large, or cannot be cloned. */
export type Unsendable = { readonly bytes: number } | { readonly reason: unknown };

/**
 * Sends a list, `[kind, …items]`, in one frame. Where one of the items cannot be sent, or all of them are too large together,
 * in several, so that what cannot be sent fails alone. They go in their order.
 */
export function sendList(list: readonly unknown[], sender: ListSender): void {
  const items = (list.length - 1) / sender.width;
  if (items === 0) return;
  const frame = tryEncoding(list);
  if ("length" in frame && frame.length <= sender.maxFrameBytes) sender.send(frame);
  else if (items === 1) sender.fail(list[1], "length" in frame ? { bytes: frame.length } : frame);
  else {
    const middle = 1 + sender.width * Math.floor(items / 2);
    sendList(list.slice(0, middle), sender);
    sendList([list[0], ...list.slice(middle)], sender);
  }
}

function tryEncoding(list: readonly unknown[]): Buffer | { readonly reason: unknown } {
  try {
    return encodeFrame(list);
  } catch (reason) {
    return { reason };
  }
}
