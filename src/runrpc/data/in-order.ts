import type { Db } from "./query.ts";

/** What keeps the rows of a topic in order, on a database that does not do so by itself. */
export interface OrderKeeper {
  writes(topic: string): Promise<void>;
  reads(topic: string): Promise<void>;
}

/** Under this name a database has its order keeper. */
export const orderKeeper = Symbol("orderKeeper");

/**
 * Says in a write, before the insert, that somebody follows the ids of these rows by {@link readInOrder}. A server gives an
 * id when a row is inserted and shows the row when its transaction commits, so that 7 may be seen before 6: whoever goes on
 * behind 7 would never see 6. `topic` is any text that both name, such as `events of 4be0643f`. It costs nothing on SQLite,
 * where one write commits after the other, and the writers of a topic do not wait for each other.
 */
export async function writeInOrder(db: Db & Kept, topic: string): Promise<void> {
  await db[orderKeeper]?.writes(topic);
}

/**
 * Says in a read, before its first statement, that it follows the ids of a topic: it waits for the writes of the topic that
 * have begun, so that no id below those that it sees is seen later.
 */
export async function readInOrder(db: Db & Kept, topic: string): Promise<void> {
  await db[orderKeeper]?.reads(topic);
}

interface Kept {
  readonly [orderKeeper]?: OrderKeeper;
}
