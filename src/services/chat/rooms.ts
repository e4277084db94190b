import type { Outbox } from "runrpc";

/** Who is in which room of this process. A room exists while somebody is in it. */
export interface Rooms<T extends object> {
  /** Enters a room; the function that it returns leaves it again, and may be called twice. */
  join(room: string, member: Outbox<T>): () => void;
  /** Passes an item to everybody in the room but its sender. Never waits for a reader. */
  pass(room: string, item: T, sender: Outbox<T>): void;
  /** Rooms with somebody in them. */
  readonly size: number;
}

/** Makes the rooms of one process; no one is in any. */
export function createRooms<T extends object>(): Rooms<T> {
  const rooms = new Map<string, Set<Outbox<T>>>();

  function leave(room: string, member: Outbox<T>): void {
    const members = rooms.get(room);
    members?.delete(member);
    if (members?.size === 0) rooms.delete(room);
  }

  return {
    get size() {
      return rooms.size;
    },
    join(room, member) {
      const members = rooms.get(room) ?? new Set();
      rooms.set(room, members.add(member));
      return () => leave(room, member);
    },
    pass(room, item, sender) {
      for (const member of rooms.get(room) ?? []) {
        if (member === sender) continue;
        member.push(item);
        // A reader that fell too far behind is out at once; its call ends when it reads again.
        if (member.ended) leave(room, member);
      }
    },
  };
}
