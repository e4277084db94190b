import type { ServerLog } from "../server/log.ts";
import type { Distributor } from "./distributor.ts";
import { watchHeartbeat } from "./heartbeat.ts";
import { type Member, type MemberOptions, startMember } from "./member.ts";

/** The processes of a group, and which of them serves in which place. */
export interface Roster {
  /** Starts a process for a place, from 1. */
  launch(number: number): Member;
  /** From here on it serves in its place, and is given connections. */
  serve(member: Member): void;
  /** Those whose processes run. */
  readonly running: ReadonlySet<Member>;
  /** Those of them that have come to serve, also when they drain. */
  readonly known: ReadonlySet<Member>;
  /** By place. */
  readonly serving: ReadonlyMap<number, Member>;
}

/** What processes are started with. */
export interface RosterOptions {
  /** How each is started. */
  readonly member: Pick<MemberOptions, "main" | "task" | "env">;
  /** Reads the letters of each. */
  readonly reader: (from: () => Member) => MemberOptions["reader"];
  /** Hands them their connections. */
  readonly distributor: Distributor;
  readonly log: ServerLog;
  /** How long the event loop of one may stand still before its process is ended, in milliseconds. 0: for ever. */
  readonly maxStillMs: number;
  readonly onEnded: (member: Member) => void;
}

/** What becomes of places. */
export interface RosterEvents {
  /** Aborts when all places are given up. */
  readonly ending: AbortSignal;
  /** One has stopped to accept, which serves in a place that is given up. */
  onStopped(): void;
  /** One has ended while it served, and its place is empty. */
  onLeft(member: Member, how: string): void;
}

/** Makes a roster on which nobody is yet. */
export function createRoster(
  { member: start, reader, distributor, log, maxStillMs, onEnded }: RosterOptions,
  { ending, onStopped, onLeft }: RosterEvents,
): Roster {
  const running = new Set<Member>();
  const known = new Set<Member>();
  const serving = new Map<number, Member>();

  function launch(number: number): Member {
    const member: Member = startMember(number, {
      ...start,
      reader: reader(() => member),
      on: {
        taken: distributor.taken,
        refused: distributor.remove,
        // In a drain of all there is nobody else to hand them to.
        stopped(from) {
          if (ending.aborted && serving.get(number) === from) onStopped();
          else distributor.retire(from);
        },
      },
    });
    running.add(member);
    void member.ended.then(() => {
      running.delete(member);
      known.delete(member);
      distributor.remove(member);
      onEnded(member);
    });
    return member;
  }

  function serve(member: Member): void {
    known.add(member);
    serving.set(member.number, member);
    distributor.add(member);
    const leave = maxStillMs === 0 ? () => {} : watchHeartbeat(member, maxStillMs, () => endStill(member));
    void member.ended.then((how) => {
      leave();
      if (serving.get(member.number) !== member) return; // another serves in its place
      serving.delete(member.number);
      onLeft(member, how);
    });
  }

  function endStill(member: Member): void {
    const { number, pid } = member;
    log.error(
      { worker: number, pid },
      `the event loop of a worker has not turned for ${maxStillMs} ms (workers.max_still_ms): it is ended`,
    );
    member.kill();
  }

  return { launch, serve, running, known, serving };
}
