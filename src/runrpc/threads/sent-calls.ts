import { MAX_CALLS, slotOf, state } from "./protocol.ts";

/** A call as far as it matters here. */
interface Sendable {
  /** It may be sent before the thread has time for it, and taken back. */
  readonly mayWait: boolean;
}

/** The calls that a thread was sent and that have not ended, by their numbers. */
export interface SentCalls<C extends Sendable> {
  /** Calls of functions that hold the thread, and those that share it; not those that were taken back. */
  readonly syncCalls: number;
  readonly asyncCalls: number;
  /** There is room for one more. */
  readonly hasSlot: boolean;
  /** Gives its number. */
  add(call: C, isSync: boolean): number;
  /** Undefined where it has ended, or was taken back. */
  get(number: number): C | undefined;
  /** The thread has nothing more to do with it. Gives it, where it was not taken back. */
  remove(number: number): C | undefined;
  /** Takes back a call that has not begun: its word is free when the thread has seen it. Undefined: it has begun. */
  withdraw(number: number): C | undefined;
  /** Takes back at most so many that have not begun, the oldest first: those of functions that hold the thread, or all. */
  takeBack(most: number, alsoAsync?: boolean): readonly C[];
  /** Those that are left. */
  removeAll(): readonly C[];
}

/** A place for a call. They are kept, as a Map that is added to and deleted from with each call is copied again and again. */
interface Slot<C> {
  /** 0: it is free. */
  number: number;
  /** Undefined once it was taken back. */
  call: C | undefined;
  isSync: boolean;
}

/** @param states a word for each call, of which `state` tells */
export function createSentCalls<C extends Sendable>(states: Int32Array): SentCalls<C> {
  const slots: readonly Slot<C>[] = Array.from({ length: MAX_CALLS }, () => ({
    number: 0,
    call: undefined,
    isSync: false,
  }));
  const free = slots.map((_, slot) => slot);
  let generation = 0;
  let syncCalls = 0;
  let asyncCalls = 0;

  function slotWith(number: number): Slot<C> | undefined {
    const slot = slots[slotOf(number)];
    return slot?.number === number ? slot : undefined;
  }

  /** It is no longer counted. */
  function release(slot: Slot<C>): C | undefined {
    const { call } = slot;
    if (call === undefined) return undefined;
    slot.call = undefined;
    if (slot.isSync) syncCalls--;
    else asyncCalls--;
    return call;
  }

  function remove(number: number): C | undefined {
    const slot = slotWith(number);
    if (slot === undefined) return undefined;
    slot.number = 0;
    free.push(slotOf(number));
    return release(slot);
  }

  function withdraw(number: number): C | undefined {
    const slot = slotWith(number);
    if (slot?.call === undefined) return undefined;
    const before = Atomics.compareExchange(states, slotOf(number), state.waiting, state.withdrawn);
    return before === state.waiting ? release(slot) : undefined;
  }

  /** The oldest first: numbers grow. */
  const taken = (): readonly Slot<C>[] =>
    slots.filter(({ number }) => number !== 0).sort((one, other) => one.number - other.number);

  return {
    get syncCalls() {
      return syncCalls;
    },
    get asyncCalls() {
      return asyncCalls;
    },
    get hasSlot() {
      return free.length > 0;
    },
    add(call, isSync) {
      const place = free.pop() ?? 0;
      // A number is used again after eight million calls.
      generation = (generation + 1) % MAX_GENERATION;
      const number = (generation + 1) * MAX_CALLS + place;
      const slot = slots[place];
      if (slot !== undefined) {
        slot.number = number;
        slot.call = call;
        slot.isSync = isSync;
      }
      Atomics.store(states, place, state.waiting);
      if (isSync) syncCalls++;
      else asyncCalls++;
      return number;
    },
    get: (number) => slotWith(number)?.call,
    remove,
    withdraw,
    takeBack(most, alsoAsync = false) {
      const back: C[] = [];
      for (const { number, call, isSync } of taken()) {
        if (back.length >= most) break;
        if (call?.mayWait !== true || !(isSync || alsoAsync)) continue;
        const one = withdraw(number);
        if (one !== undefined) back.push(one);
      }
      return back;
    },
    removeAll: () =>
      taken().flatMap(({ number }) => {
        const call = remove(number);
        return call === undefined ? [] : [call];
      }),
  };
}

/** Numbers stay those of a word. */
const MAX_GENERATION = 2 ** 31 / MAX_CALLS - 2;
