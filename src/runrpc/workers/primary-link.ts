import { Socket } from "node:net";
import type { HandedSockets } from "../server/listener/handed.ts";
import { createLetters, type LetterReader, type Letters } from "./letters.ts";
import { isMessage, type ToPrimary, type ToWorker } from "./messages.ts";

/** A worker's end of the channel to the primary. */
export interface PrimaryLink extends Pick<Letters, "ask" | "tell"> {
  /** Resolves with what this process is to do. */
  readonly start: Promise<{ readonly number: number; readonly task: unknown }>;
  /** Resolves when it is to drain. */
  readonly drain: Promise<{ readonly isReplaced: boolean }>;
  /** Resolves when the primary is gone, whatever became of it. */
  readonly gone: Promise<void>;
  /** The connections that the primary hands out. */
  sockets(of: Pick<HandedSockets, "bound" | "ticketKeys">): HandedSockets;
  /** It serves. @param facts what it tells of itself, as JSON has it */
  ready(facts: unknown): void;
  /** It cannot serve. Resolves when the process may end. */
  failed(sentence: string): Promise<void>;
}

/** What of `process` is the channel. */
type Channel = Pick<NodeJS.Process, "on" | "once" | "send" | "connected">;

/** Takes the channel of a process that was started by `startMember`. */
export function linkToPrimary(channel: Channel, reader: LetterReader): PrimaryLink {
  const start = Promise.withResolvers<{ readonly number: number; readonly task: unknown }>();
  const drain = Promise.withResolvers<{ readonly isReplaced: boolean }>();
  const gone = Promise.withResolvers<void>();
  let take: ((socket: Socket) => void) | undefined;
  const letters = createLetters(send, reader);

  function send(message: ToPrimary, sent: () => void = () => {}): void {
    // A primary that is gone is told by `gone`.
    if (channel.connected && channel.send !== undefined) channel.send(message, undefined, {}, () => sent());
    else sent();
  }

  function takeSocket(socket: unknown): void {
    send({ kind: take === undefined ? "refused" : "taken" });
    if (!(socket instanceof Socket)) return; // it was closed on its way
    if (take === undefined) socket.destroy();
    else take(socket);
  }

  channel.on("message", (message: unknown, socket: unknown) => {
    if (!isMessage(message)) return;
    const told = message as ToWorker; // the other end is of this package
    switch (told.kind) {
      case "start":
        start.resolve(told);
        return;
      case "socket":
        takeSocket(socket);
        return;
      case "drain":
        drain.resolve(told);
        return;
      default:
        letters.take(told);
    }
  });
  channel.once("disconnect", () => {
    letters.close();
    gone.resolve();
  });

  return {
    start: start.promise,
    drain: drain.promise,
    gone: gone.promise,
    ask: letters.ask,
    tell: letters.tell,
    sockets: (of) => ({
      ...of,
      start(taker) {
        take = taker;
      },
      stop: () => send({ kind: "stopped" }),
      close() {
        take = undefined;
      },
    }),
    ready: (facts) => send({ kind: "ready", facts }),
    failed: (sentence) => new Promise((resolve) => send({ kind: "failed", sentence }, resolve)),
  };
}
