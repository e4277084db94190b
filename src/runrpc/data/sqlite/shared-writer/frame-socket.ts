import type { Socket } from "node:net";
import { createFrameReader } from "./frames.ts";

/** What a connection tells who holds it. */
export interface FrameEvents {
  /** May throw: the connection is closed with what was thrown. */
  onMessage(message: readonly unknown[]): void;
  /** It takes frames again. */
  onDrain(): void;
  /** It is over, for a reason where that was not its ordinary end. Told once, and last. */
  onEnd(reason: Error | undefined): void;
}

/** A connection that carries messages in frames. */
export interface FrameSocket {
  /** False while more waits for the other side than should: then send nothing more before `onDrain`. */
  readonly takesFrames: boolean;
  send(frame: Buffer): void;
  /** Sends what is left and ends; breaks off when the other side does not take it in time. */
  end(): Promise<void>;
  destroy(reason: Error): void;
}

/** How long the other side has to take what is left, in milliseconds. */
const endTimeoutMs = 5_000;

/** Speaks in frames over a socket, which it closes when a frame of the other side is larger than `maxBytes`, or none at all. */
export function overFrames(socket: Socket, maxBytes: number, events: FrameEvents): FrameSocket {
  const reader = createFrameReader(maxBytes);
  const ended = Promise.withResolvers<void>();
  let trouble: Error | undefined;

  socket.on("data", (chunk: Buffer) => {
    try {
      for (const message of reader.read(chunk)) {
        if (socket.destroyed) return;
        events.onMessage(message);
      }
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
  socket.on("end", () => {
    if (reader.isWithin) trouble = new Error("the connection ended within a frame");
  });
  socket.on("drain", () => events.onDrain());
  socket.on("error", (error) => {
    trouble = error;
  });
  socket.on("close", () => {
    events.onEnd(trouble);
    ended.resolve();
  });

  return {
    get takesFrames() {
      return socket.writable && !socket.writableNeedDrain;
    },
    send: (frame) => void socket.write(frame),
    async end() {
      socket.end();
      const late = setTimeout(() => socket.destroy(), endTimeoutMs);
      await ended.promise;
      clearTimeout(late);
    },
    destroy: (reason) => void socket.destroy(reason),
  };
}
