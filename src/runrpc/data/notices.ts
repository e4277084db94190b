/** Tells the processes on one database that there is something new. What is told is a hint: the table is the truth. */
export interface Notices {
  /**
   * Tells all other processes that there may be something new under a topic, once a turn of the event loop. Call it after the
   * write is acknowledged. Never waits and never throws: what cannot be told is told later.
   */
  publish(topic: string): void;
  /** Has a listener called for what other processes publish; gives the function that ends it. */
  listen(listener: NoticeListener): () => void;
}

/** Who is told. */
export interface NoticeListener {
  /** There may be something new under this topic. */
  heard(topic: string): void;
  /** Something may have been missed: there may be something new under every topic. */
  gap(): void;
}

/** Those of a database that one process has for itself: there is nobody to tell. */
export const noNotices: Notices = { publish() {}, listen: () => () => {} };
