/** What a process keeps for each who looks at it again and again. */
export interface Watchers<T> {
  /**
   * Gives what is kept for one, made at its first look.
   *
   * @param keepMs how long it is kept when it is not asked for again, in milliseconds
   */
  of(name: string, keepMs: number): T;
  /** Forgets one. */
  leave(name: string): void;
  close(): void;
}

/** With more, the one goes that has not been asked for the longest, and is made anew when it is. */
const MAX_WATCHERS = 100;

/** @param open makes what is kept for one; it is closed when nobody has asked for it in time */
export function createWatchers<T extends { close(): void }>(open: () => T): Watchers<T> {
  const all = new Map<string, { readonly kept: T; timer: NodeJS.Timeout }>();

  function leave(name: string): void {
    const watcher = all.get(name);
    clearTimeout(watcher?.timer);
    all.delete(name);
    watcher?.kept.close();
  }

  return {
    of(name, keepMs) {
      const known = all.get(name);
      clearTimeout(known?.timer);
      const kept = known?.kept ?? open();
      // The order is that of the last time.
      all.delete(name);
      all.set(name, { kept, timer: setTimeout(leave, keepMs, name).unref() });
      const [oldest] = all.keys();
      if (all.size > MAX_WATCHERS && oldest !== undefined) leave(oldest);
      return kept;
    },
    leave,
    close() {
      for (const name of [...all.keys()]) leave(name);
    },
  };
}
