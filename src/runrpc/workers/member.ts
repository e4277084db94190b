import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Taker } from "./distributor.ts";
import { createLetters, type LetterReader, type Letters } from "./letters.ts";
import { LIFELINE_FD } from "./lifeline.ts";
import { isMessage, type ToPrimary, type ToWorker } from "./messages.ts";

/** A worker, as the primary sees it. */
export interface Member extends Taker, Pick<Letters, "ask" | "tell"> {
  /** Its place, from 1. Who takes the place of another has its number. */
  readonly number: number;
  readonly pid: number | undefined;
  /** What its process calls itself as one of `Peers`. */
  readonly name: string;
  /** Resolves with its facts when it serves. @throws StartFailure when it ends before */
  readonly ready: Promise<unknown>;
  /** Resolves with how its process has ended, such as `code 1` or `SIGKILL`. */
  readonly ended: Promise<string>;
  drain(how: { readonly isReplaced: boolean }): void;
  /** Ends its process at once. */
  kill(): void;
}

/** A worker that has not come to serve. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
  /** The worker itself has said why: the next one will not fare better. */
  readonly isTold: boolean;

  constructor(sentence: string, isTold: boolean) {
    super(sentence);
    this.isTold = isTold;
  }
}

/** How the process of a worker is started. */
export interface MemberOptions {
  /** Its main file, which calls `linkToPrimary`. */
  readonly main: string;
  /** What it is to do, as JSON has it. */
  readonly task: unknown;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads its letters. */
  readonly reader: LetterReader;
  /** What became of the socket that it was handed, and that it wants no more. */
  readonly on: {
    taken(member: Member): void;
    /** It takes none any more. */
    refused(member: Member): void;
    stopped(member: Member): void;
  };
}

/** Starts the process of a worker, with the flags of this one. */
export function startMember(number: number, { main, task, env, reader, on }: MemberOptions): Member {
  const child = fork(main, [], {
    stdio: ["inherit", "inherit", "inherit", "ipc", "pipe"],
    execArgv: process.execArgv.map(withOwnInspector),
    // What it loads is watched here already, where `node --watch` runs.
    env: { ...env, WATCH_REPORT_DEPENDENCIES: undefined },
  });
  // It says by being open that this process is there.
  child.stdio[LIFELINE_FD]?.on("error", () => {});
  const ready = Promise.withResolvers<unknown>();
  const ended = endOf(child);
  const letters = createLetters(send, reader);
  let failure: StartFailure | undefined;
  ready.promise.catch(() => {}); // whoever starts it may look later

  function send(message: ToWorker, sent: () => void = () => {}): void {
    // That it is gone is told by `ended`.
    if (child.connected) child.send(message, () => sent());
    else sent();
  }

  const member: Member = {
    number,
    pid: child.pid,
    name: String(child.pid),
    ready: ready.promise,
    ended,
    ask: letters.ask,
    tell: letters.tell,
    hand(socket) {
      const message: ToWorker = { kind: "socket" };
      if (child.connected)
        child.send(message, socket, { keepOpen: true }, (error) => error && on.refused(member));
      else setImmediate(() => on.refused(member));
    },
    drain: ({ isReplaced }) => send({ kind: "drain", isReplaced }),
    kill: () => child.kill("SIGKILL"),
  };

  child.on("message", (message) => {
    if (!isMessage(message)) return;
    const told = message as ToPrimary; // the other end is of this package
    switch (told.kind) {
      case "ready":
        ready.resolve(told.facts);
        return;
      case "failed":
        failure = new StartFailure(told.sentence, true);
        return;
      case "taken":
      case "refused":
      case "stopped":
        on[told.kind](member);
        return;
      default:
        letters.take(told);
    }
  });
  void ended.then((how) => {
    letters.close();
    ready.reject(failure ?? new StartFailure(`worker ${number} ended before it served (${how})`, false));
  });
  send({ kind: "start", number, task });
  return member;
}

/** How a process ends: one that cannot be started too. */
async function endOf(child: ChildProcess): Promise<string> {
  try {
    // "close" comes when all has been read of its channel as well.
    const [code, signal] = (await once(child, "close")) as [number | null, string | null]; // as Node documents the event
    return signal ?? `code ${code}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `--inspect=9229` of each process takes a port of its own, which Node says. */
function withOwnInspector(flag: string): string {
  return flag.replace(/^(--inspect(?:-brk|-wait)?)(?:=.*)?$/, "$1=0");
}
