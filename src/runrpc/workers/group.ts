import { setTimeout as delay } from "node:timers/promises";
import { type Member, StartFailure } from "./member.ts";
import { createPauses } from "./pauses.ts";
import { createRoster, type RosterOptions } from "./roster.ts";

/** The workers of one port. */
export interface Group {
  /**
   * Starts all, and resolves when each of them serves.
   *
   * @throws StartFailure when one says why it cannot, or several have died at their start in a row; all have been ended then
   */
  start(): Promise<void>;
  /** Resolves with why, when none serves any more and none can be started. */
  readonly gaveUp: Promise<Error>;
  /** Has each replaced by a new one, one after the other. Where a new one cannot start, the old ones go on. */
  roll(): Promise<void>;
  /** Drains all, and resolves when their processes have ended. */
  drain(): Promise<void>;
  /** Ends all processes at once. Resolves when they have ended. */
  kill(): Promise<void>;
  /** Those that serve, and those that have and drain. */
  members(): readonly Member[];
  /** Who serves in a place, from 1. */
  serving(number: number): Member | undefined;
  counts(): GroupCounts;
}

/** What has become of a group. */
export interface GroupCounts {
  /** Workers that serve. */
  readonly serving: number;
  /** Workers that ended by themselves since the start, each of which another takes the place of. */
  readonly restarts: number;
}

/** What a group is made of. */
export interface GroupOptions extends RosterOptions {
  readonly count: number;
  /** How long a drain may take before the process is ended, in milliseconds. */
  readonly maxDrainMs: number;
  /** The first worker has stopped to accept, in a drain of all. */
  readonly onStopped: () => void;
}

/** Deaths at the start, in a row, after which no other start is tried: of the first workers, and where none serves any more. */
const MAX_STRIKES = 5;

/** Makes a group; `start` starts it. */
export function createGroup(options: GroupOptions): Group {
  const { count, distributor, log, maxDrainMs } = options;
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const filling = new Set<number>(); // places for which a worker is being started
  const gaveUp = Promise.withResolvers<Error>();
  const ending = new AbortController();
  const { signal } = ending;
  const pauses = createPauses();
  const { launch, serve, running, known, serving } = createRoster(options, {
    ending: signal,
    onStopped: options.onStopped,
    onLeft: (member, how) => void left(member, how),
  });
  let hasStarted = false;
  let strikes = 0;
  let restarts = 0;
  let rolling: Promise<void> | undefined;
  let nextRoll: Promise<void> | undefined;
  let successor: Member | undefined; // is to take a place in which another serves, and does not serve yet

  /** Starts workers in a place that is empty until one serves. */
  async function fill(number: number): Promise<void> {
    if (filling.has(number) || serving.has(number)) return;
    filling.add(number);
    try {
      await launchUntilOneServes(number);
    } finally {
      filling.delete(number);
    }
  }

  async function launchUntilOneServes(number: number): Promise<void> {
    while (!signal.aborted) {
      const member = launch(number);
      try {
        await member.ready;
        strikes = 0;
        return serve(member);
      } catch (error) {
        if (signal.aborted) return;
        const { message, isTold } = error as StartFailure; // as `ready` says
        if (!hasStarted && isTold) throw error;
        strikes++;
        if (strikes >= MAX_STRIKES && (!hasStarted || serving.size === 0))
          throw new StartFailure(
            `workers died at their start ${strikes} times in a row, the last time so: ${message}`,
            false,
          );
        log.error({ worker: number, pid: member.pid }, `a worker did not start: ${message}`);
        await pauses.wait(signal);
      }
    }
  }

  async function left(member: Member, how: string): Promise<void> {
    const { number, pid } = member;
    if (signal.aborted) return;
    restarts++;
    log.error({ worker: number, pid, how }, `worker ${number} ended by itself: another takes its place`);
    await pauses.wait(signal);
    await fill(number).catch(gaveUp.resolve);
  }

  async function replace(number: number): Promise<boolean> {
    const old = serving.get(number);
    if (old === undefined) return true; // who is about to take its place is new
    if (!(await launchInPlace(number))) return false;
    distributor.retire(old);
    await drainOne(old, true);
    return true;
  }

  /** Starts a worker in a place where another serves until it does. */
  async function launchInPlace(number: number): Promise<boolean> {
    filling.add(number);
    try {
      successor = launch(number);
      await successor.ready;
      if (signal.aborted) return false;
      serve(successor);
      return true;
    } catch (error) {
      const why = (error as StartFailure).message; // as `ready` says
      if (!signal.aborted && nextRoll === undefined)
        log.error({ worker: number }, `workers are not replaced, the old ones go on: ${why}`);
      return false;
    } finally {
      successor = undefined;
      filling.delete(number);
      // The old one may have died meanwhile.
      void fill(number).catch(gaveUp.resolve);
    }
  }

  async function drainOne(member: Member, isReplaced: boolean): Promise<void> {
    member.drain({ isReplaced });
    const late = new AbortController();
    void delay(maxDrainMs, undefined, late).then(
      () => {
        log.error(
          { worker: member.number, pid: member.pid },
          `a worker did not drain in ${maxDrainMs} ms: it is ended`,
        );
        member.kill();
      },
      () => {},
    );
    await member.ended;
    late.abort();
  }

  async function rollAll(): Promise<void> {
    for (const number of numbers) if (signal.aborted || !(await replace(number))) return;
    log.info({ workers: count }, "all workers were replaced");
  }

  function roll(): Promise<void> {
    if (rolling === undefined) {
      rolling = rollAll().finally(() => {
        rolling = undefined;
      });
      return rolling;
    }
    // Once more, for what has changed since. What does not serve yet may hang in code that is mended by now.
    successor?.kill();
    nextRoll ??= rolling.then(() => {
      nextRoll = undefined;
      return roll();
    });
    return nextRoll;
  }

  async function kill(): Promise<void> {
    ending.abort();
    for (const member of running) member.kill();
    await Promise.all([...running].map(({ ended }) => ended));
  }

  return {
    async start() {
      try {
        await Promise.all(numbers.map(fill));
      } catch (error) {
        await kill();
        throw error;
      }
      hasStarted = true;
    },
    gaveUp: gaveUp.promise,
    roll,
    async drain() {
      ending.abort();
      // Who does not serve yet has nothing to drain, and may hang.
      for (const member of running) if (!known.has(member)) member.kill();
      await Promise.all([...running].map((member) => drainOne(member, false)));
    },
    kill,
    members: () => [...known],
    serving: (number) => serving.get(number),
    counts: () => ({ serving: serving.size, restarts }),
  };
}
