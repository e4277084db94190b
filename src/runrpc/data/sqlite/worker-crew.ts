import type { PendingCall } from "../call-queue.ts";
import type { DataError } from "../data-error.ts";
import type { AnswerNews } from "../trouble.ts";
import type { ServingNews } from "./serving-news.ts";
import type { Ready } from "./thread-protocol.ts";
import { type LinkEvents, type LinkOptions, startWorker, type WorkerLink } from "./worker-link.ts";

/** How long to wait before another try when a replacement could not open the database: doubled up to the second. */
const retryAfterMs = { first: 100, greatest: 5_000 } as const;

/** What a crew tells the side that it belongs to. */
export interface CrewEvents {
  /** A worker can take calls: it has opened the database, or answered. */
  onAble(link: WorkerLink, news?: AnswerNews): void;
  /** A call has been answered that took so long. */
  onTook(query: number, tookMs: number): void;
  /** The file's serving lock. */
  onServing(news: ServingNews): void;
  /** A worker that could take calls has died by itself. */
  onDeath(reason: DataError): void;
  /** A worker has ended; the calls that it had not begun come back, the others have failed. */
  onLost(waiting: readonly PendingCall[]): void;
  /** No worker is left and a replacement could not open the database: what waits should fail with `reason`. */
  onHelpless(reason: DataError): void;
}

/** A fixed number of workers; one that dies is replaced. */
export interface WorkerCrew {
  /** Those that have opened the database. */
  readonly able: ReadonlySet<WorkerLink>;
  readonly replaced: number;
  /**
   * Resolves with the first worker's report when all are able. Rejects, with no thread left, when one is not. `identity`
   * is that of the file, where it is known; from here on the crew's workers open no other one.
   */
  start(identity?: string): Promise<Ready>;
  /** Ends all workers and waits for it; nothing is replaced from here on. */
  close(): Promise<void>;
}

/** Makes a crew of `size` workers; none runs before `start`. */
export function createCrew(size: number, options: LinkOptions, events: CrewEvents): WorkerCrew {
  const links = new Set<WorkerLink>();
  const able = new Set<WorkerLink>();
  let replaced = 0;
  let started = false;
  let closing = false;
  let retry: NodeJS.Timeout | undefined;
  let known: string | undefined;

  function hire(): WorkerLink {
    const linkEvents: LinkEvents = {
      onTook: events.onTook,
      onServing: events.onServing,
      onAnswer: (news) => events.onAble(link, news),
      onEnd(waiting, reason) {
        links.delete(link);
        const wasAble = able.delete(link);
        if (!started) return;
        if (wasAble && !closing) replace(retryAfterMs.first);
        if (wasAble && !closing) events.onDeath(reason);
        events.onLost(waiting);
      },
    };
    const link = startWorker(options, linkEvents, known);
    links.add(link);
    return link;
  }

  function replace(nextDelayMs: number): void {
    replaced += 1;
    const link = hire();
    link.ready.then(
      () => join(link),
      (reason: DataError) => {
        if (closing) return;
        if (able.size === 0) events.onHelpless(reason);
        retry = setTimeout(replace, nextDelayMs, Math.min(2 * nextDelayMs, retryAfterMs.greatest));
      },
    );
  }

  function join(link: WorkerLink): void {
    able.add(link);
    events.onAble(link);
  }

  async function endAll(): Promise<void> {
    closing = true;
    clearTimeout(retry);
    await Promise.all([...links].map((link) => link.close()));
  }

  return {
    able,
    get replaced() {
      return replaced;
    },
    async start(identity) {
      known = identity;
      const crew = Array.from({ length: size }, hire);
      try {
        const [first] = await Promise.all(crew.map((link) => link.ready));
        if (first === undefined) throw new RangeError("a crew has at least one worker");
        started = true;
        known = first.identity;
        for (const link of crew) join(link);
        return first;
      } catch (error) {
        await endAll();
        throw error;
      }
    },
    close: endAll,
  };
}
