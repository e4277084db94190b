/** A member of a roster knows its own place in it. */
export interface Member {
  /** The roster's own; -1 while it is in none. */
  place: number;
}

/**
 * What is open at this moment, in no order: one array, in which the last member takes the place of one that leaves.
 *
 * It is no Set, because a Set that is added to and deleted from with each call makes V8 copy its table every few dozen
 * calls. An old table keeps what was in it and leads to the next one, so that once one of them is in the old generation,
 * every young collection copies there all calls since, with all that they lead to. Measured: 3.3 KB a call instead of 2.5.
 */
export class Roster<M extends Member> implements Iterable<M> {
  readonly #members: M[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: M): void {
    member.place = this.#members.push(member) - 1;
  }

  /** False: it is not here. */
  delete(member: M): boolean {
    const { place } = member;
    if (this.#members[place] !== member) return false;
    const last = this.#members.pop();
    if (last !== undefined && last !== member) {
      this.#members[place] = last;
      last.place = place;
    }
    member.place = -1;
    return true;
  }

  /** Those that are here now; they may leave meanwhile. */
  [Symbol.iterator](): ArrayIterator<M> {
    return [...this.#members].values();
  }
}
