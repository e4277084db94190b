/** What may stand in a line, in one at a time. */
export interface InLine {
  /** Where, for the line; -1 while it stands in none. */
  place: number;
}

const LEAST_CAPACITY = 16;
/** An empty line of more places lets go of them. */
const KEPT_CAPACITY = 1_024;

/**
 * First in, first out, and any member leaves in constant time.
 *
 * A Set does the same, but one that is added to and deleted from with each call is copied again and again, and V8 lets each copy keep
 * the next one: behind a copy that has grown old, all that waits later is kept until a major collection. That was 2 KB of each
 * call to a thread, at each minor one.
 */
export class Line<T extends InLine> implements Iterable<T> {
  /** A ring; its length is a power of two. */
  #items: (T | undefined)[] = placesFor(0);
  /** Counted on without end: modulo the length these are places of the ring. There is no gap at the beginning. */
  #begin = 0;
  #end = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#items[this.#begin & (this.#items.length - 1)];
  }

  /** To the end. */
  add(item: T): void {
    if (this.#end - this.#begin === this.#items.length) this.#fit();
    item.place = this.#end;
    this.#items[this.#end & (this.#items.length - 1)] = item;
    this.#end++;
    this.#size++;
  }

  /** False: it does not stand here. */
  delete(item: T): boolean {
    const last = this.#items.length - 1;
    const at = item.place & last;
    if (this.#items[at] !== item) return false;
    this.#items[at] = undefined;
    item.place = -1;
    this.#size--;
    if (this.#size === 0) this.#empty();
    else while (this.#items[this.#begin & last] === undefined) this.#begin++;
    return true;
  }

  /** Removes all, and gives them. */
  takeAll(): T[] {
    const all = [...this];
    for (const item of all) item.place = -1;
    this.#items.fill(undefined);
    this.#size = 0;
    this.#empty();
    return all;
  }

  /** In their order; those that it has given may leave meanwhile. */
  *[Symbol.iterator](): Generator<T, void> {
    for (let at = this.#begin; at < this.#end; at++) {
      const item = this.#items[at & (this.#items.length - 1)];
      if (item !== undefined) yield item;
    }
  }

  #empty(): void {
    this.#begin = 0;
    this.#end = 0;
    if (this.#items.length > KEPT_CAPACITY) this.#items = placesFor(0);
  }

  /** Closes the gaps, and makes room for as many again. */
  #fit(): void {
    const all = [...this];
    this.#items = placesFor(2 * all.length);
    this.#begin = 0;
    this.#end = all.length;
    for (const [place, item] of all.entries()) {
      item.place = place;
      this.#items[place] = item;
    }
  }
}

function placesFor(count: number): undefined[] {
  const capacity = 2 ** Math.ceil(Math.log2(Math.max(count, LEAST_CAPACITY)));
  return new Array<undefined>(capacity).fill(undefined);
}
