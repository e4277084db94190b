import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { type ConnectionOptions, connect, endClient } from "./connection.ts";

/** Cancels what other connections run. */
export interface Canceller {
  /** Cancels what this backend runs until `over` aborts. Resolves when no cancel is under way any more. Never rejects. */
  cancel(pid: number, over: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Between a cancel and the next: doubled from the first to the greatest. */
const waitMs = { first: 5, greatest: 1_000 } as const;

/**
 * Makes a canceller with a connection of its own, opened when it is needed and kept. The server forgets a cancel that finds
 * its backend idle, as it is until the statement has reached it: so it is sent again until the statement has ended. No
 * cancel is under way when that is told, so that none hits what the connection runs next.
 */
export function createCanceller(options: ConnectionOptions): Canceller {
  let opened: Promise<pg.Client> | undefined;

  function control(): Promise<pg.Client> {
    if (opened !== undefined) return opened;
    const opening = connect(options);
    const forget = (): void => {
      if (opened === opening) opened = undefined;
    };
    opened = opening;
    opening.then((client) => client.once("end", forget), forget);
    return opening;
  }

  return {
    async cancel(pid, over) {
      for (let ms: number = waitMs.first; !over.aborted; ms = Math.min(2 * ms, waitMs.greatest)) {
        try {
          const client = await control();
          if (over.aborted) return;
          await client.query({ name: "cancel", text: "select pg_cancel_backend($1)", values: [pid] });
        } catch {
          // Without a connection to cancel by, the statement goes on until its timeout, or the next try.
        }
        await delay(ms, undefined, { signal: over }).catch(() => {});
      }
    },
    async close() {
      const client = await opened?.catch(() => undefined);
      if (client !== undefined) await endClient(client);
    },
  };
}
