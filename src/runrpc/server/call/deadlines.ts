/** What has a deadline. It knows its own place among the others. */
export interface Timed {
  /** On the clock of `performance.now()`. */
  readonly deadlineAtMs: number;
  /** Place in the heap; -1 while it is in none. */
  heapPlace: number;
  /** The deadline has come. */
  expire(): void;
}

/**
 * The deadlines of all open calls behind one timer: a binary heap, the earliest on top. A timer for each call costs
 * more, because clients that count down from their own deadline ask for another time with each call, and Node keeps a
 * list for each time that is asked for.
 */
export class Deadlines {
  readonly #heap: Timed[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;
  #firesAtMs = Number.POSITIVE_INFINITY;
  readonly #onTimer = (): void => this.#expire();

  add(item: Timed): void {
    this.#heap.push(item);
    this.#rise(item, this.#heap.length - 1);
    if (item.deadlineAtMs < this.#firesAtMs) this.#arm(item.deadlineAtMs);
  }

  /** Does nothing for what is not here. The timer stays: it finds nothing to do, and looks when it is needed next. */
  delete(item: Timed): void {
    const place = item.heapPlace;
    if (this.#heap[place] !== item) return;
    item.heapPlace = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === item) return;
    if (last.deadlineAtMs < item.deadlineAtMs) this.#rise(last, place);
    else this.#sink(last, place);
  }

  #arm(atMs: number): void {
    clearTimeout(this.#timer);
    this.#firesAtMs = atMs;
    // Whatever is open keeps the process by its socket. A time that has passed fires at once.
    this.#timer = setTimeout(this.#onTimer, Math.max(1, Math.ceil(atMs - performance.now()))).unref();
  }

  #expire(): void {
    this.#firesAtMs = Number.POSITIVE_INFINITY;
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      // A timer may fire a moment before its time by this clock.
      if (first.deadlineAtMs - performance.now() >= 1) {
        this.#arm(first.deadlineAtMs);
        return;
      }
      this.delete(first);
      first.expire();
    }
  }

  #rise(item: Timed, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.deadlineAtMs <= item.deadlineAtMs) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(item, place);
  }

  #sink(item: Timed, from: number): void {
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      const right = this.#heap[below + 1];
      let child = this.#heap[below];
      if (child === undefined) break;
      if (right !== undefined && right.deadlineAtMs < child.deadlineAtMs) {
        child = right;
        below++;
      }
      if (child.deadlineAtMs >= item.deadlineAtMs) break;
      this.#put(child, place);
      place = below;
    }
    this.#put(item, place);
  }

  #put(item: Timed, place: number): void {
    this.#heap[place] = item;
    item.heapPlace = place;
  }
}
