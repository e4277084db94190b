import type { ConnectError } from "@connectrpc/connect";
import { Line } from "../line.ts";
import type { LinkedCall, ThreadLink } from "./thread-link.ts";

/**
 * Which thread a call goes to. A function that never waits has its thread for itself; short ones would cost two messages
 * each, so that a few are sent ahead, and wait in the thread. None waits there while another thread has nothing to do.
 */
export interface CallQueue {
  /** Calls that run nowhere yet. */
  readonly waiting: number;
  add(call: LinkedCall): void;
  /** Of a thread that has ended: they go first. */
  addBack(calls: readonly LinkedCall[]): void;
  /** Takes back a call that was sent to no thread. False: it was. */
  withdraw(call: LinkedCall): boolean;
  /** To be called when a thread has room: sends what waits, in the order of its coming. */
  distribute(): void;
  refuseAll(reason: ConnectError): void;
}

export interface CallQueueOptions {
  /** The threads that run calls. */
  readonly links: () => readonly ThreadLink[];
  readonly callsPerThread: number;
  /** Its function holds its thread. Asked once there is a thread. */
  readonly isSync: (call: LinkedCall) => boolean;
}

/** Calls that may be in a thread whose function holds it: as many as keep it busy while the main thread does something else. */
const MOST_SENT = 32;

/** A thread that has given no sign for so long gets none ahead, and loses those that wait in it, in milliseconds. */
const SILENT_MS = 5;

export function createCallQueue({ links, callsPerThread, isSync }: CallQueueOptions): CallQueue {
  /** Until a thread has loaded the functions nobody knows which of them hold it. */
  const unsorted = new Line<LinkedCall>();
  const sync = new Line<LinkedCall>();
  const async = new Line<LinkedCall>();

  function distribute(): void {
    const all = links();
    if (all.length === 0) return;
    for (const call of unsorted.takeAll()) (isSync(call) ? sync : async).add(call);
    if (all.length > 1) rescue(all);
    send(all);
    if (sync.size > 0 || all.length === 1) return;
    // Those that have nothing to do take from the others what waits in them.
    for (const link of all) {
      if (link.syncCalls + link.asyncCalls > 0) continue;
      const from = busiest(all);
      if (from === undefined) return;
      addBack(from.takeBack(Math.ceil((from.syncCalls - 1) / 2)));
      send(all);
    }
  }

  /** What waits behind a function that takes its time goes to the other threads. */
  function rescue(all: readonly ThreadLink[]): void {
    for (const link of all) if (link.syncCalls > 1 && isSilent(link)) addBack(link.takeBack(link.syncCalls));
  }

  function send(all: readonly ThreadLink[]): void {
    for (let call = async.first; call !== undefined; call = async.first) {
      const link = linkForAsync(all);
      if (link === undefined) break;
      async.delete(call);
      link.send(call, false);
    }
    for (let call = sync.first; call !== undefined; call = sync.first) {
      const link = linkForSync(all, call);
      if (link === undefined) break;
      sync.delete(call);
      link.send(call, true);
    }
  }

  /** False: no thread has room for it. */
  function sendOne(call: LinkedCall): boolean {
    const all = links();
    if (all.length === 0) return false;
    const holds = isSync(call);
    const link = holds ? linkForSync(all, call) : linkForAsync(all);
    link?.send(call, holds);
    return link !== undefined;
  }

  function linkForAsync(all: readonly ThreadLink[]): ThreadLink | undefined {
    return leastOf(all, ({ syncCalls, asyncCalls }) => syncCalls === 0 && asyncCalls < callsPerThread);
  }

  function linkForSync(all: readonly ThreadLink[], { mayWait }: LinkedCall): ThreadLink | undefined {
    return leastOf(
      all,
      (each) =>
        each.asyncCalls === 0 &&
        (each.syncCalls === 0 || (mayWait && each.syncCalls < MOST_SENT && !isSilent(each))),
    );
  }

  function addBack(calls: readonly LinkedCall[]): void {
    if (calls.length === 0) return;
    const later = sync.takeAll();
    for (const call of [...calls, ...later]) (isSync(call) ? sync : async).add(call);
  }

  return {
    get waiting() {
      let count = unsorted.size + sync.size + async.size;
      for (const { syncCalls } of links()) count += Math.max(0, syncCalls - 1);
      return count;
    },
    add(call) {
      // Mostly none waits, and a thread is there.
      if (sync.size + async.size + unsorted.size === 0 && sendOne(call)) return;
      unsorted.add(call);
      distribute();
    },
    addBack,
    withdraw: (call) => unsorted.delete(call) || sync.delete(call) || async.delete(call),
    distribute,
    refuseAll(reason) {
      for (const queue of [unsorted, sync, async]) for (const call of queue.takeAll()) call.lost(reason);
    },
  };
}

function isSilent({ signAtMs }: ThreadLink): boolean {
  return performance.now() - signAtMs > SILENT_MS;
}

/** Of the threads that will do, the one with the fewest calls. */
function leastOf(all: readonly ThreadLink[], willDo: (link: ThreadLink) => boolean): ThreadLink | undefined {
  let best: ThreadLink | undefined;
  for (const link of all) {
    if (!link.hasSlot || !willDo(link)) continue;
    if (best === undefined || link.syncCalls + link.asyncCalls < best.syncCalls + best.asyncCalls)
      best = link;
  }
  return best;
}

/** The thread with the most calls that wait in it; undefined where none waits. */
function busiest(all: readonly ThreadLink[]): ThreadLink | undefined {
  let most: ThreadLink | undefined;
  for (const link of all) if (link.syncCalls > (most?.syncCalls ?? 1)) most = link;
  return most;
}
