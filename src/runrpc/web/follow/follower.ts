import { PageService } from "../../../../gen/runrpc/web/v1/page_pb.ts";
import { type AnyQuery, aroundQueries, whenSettled } from "../../data/around-queries.ts";
import type { Call, CallHead } from "../../server/call/call.ts";
import { type AskedQuery, Followed } from "./followed.ts";

/** Follows calls that ask for it by a header, so that the page can tell what became of them in the server. */
export interface Follower {
  /** A call has begun. Undefined: it is not followed. */
  begun(call: Call): Followed | undefined;
  /** What is known of a call that is followed. */
  of(head: CallHead): Followed | undefined;
  /** The call that has given this name, the latest one; undefined where it is not known, or not any more. */
  find(name: string): Followed | undefined;
  /** The same queries of a store, noted for who is followed. `current` gives the call that makes a query. */
  aroundQueries<Q extends object>(queries: Q, current: () => CallHead | undefined): Q;
}

/** Names a call to `GetReport`. */
export const FOLLOW_HEADER = "x-runrpc-follow";

const MAX_NAME = 64;

/** Calls that have ended and are kept, the latest. */
const MAX_ENDED = 100;

export function createFollower(): Follower {
  const byName = new Map<string, Followed>();
  const byHead = new WeakMap<CallHead, Followed>();
  const ended: { readonly name: string; readonly followed: Followed }[] = [];
  let open = 0;

  /** The oldest goes. A name that was given again is another call's. */
  function keep(name: string, followed: Followed): void {
    open--;
    if (ended.push({ name, followed }) <= MAX_ENDED) return;
    const oldest = ended.shift();
    if (oldest !== undefined && byName.get(oldest.name) === oldest.followed) byName.delete(oldest.name);
  }

  return {
    begun(call) {
      const name = call.head.headers[FOLLOW_HEADER];
      if (typeof name !== "string" || name.length > MAX_NAME) return undefined;
      // A stream of requests is a call of its own, which has the name as well.
      if (call.head.route?.service === PageService.typeName) return undefined;
      const followed = new Followed(call, (one) => keep(name, one));
      open++;
      byName.set(name, followed);
      byHead.set(call.head, followed);
      return followed;
    },
    of: (head) => byHead.get(head),
    find: (name) => byName.get(name),
    aroundQueries: (queries, current) =>
      aroundQueries(queries, (name, query) => (input, options) => {
        const head = open === 0 ? undefined : current();
        const followed = head && byHead.get(head);
        return followed === undefined ? query(input, options) : ask(name, query, followed, input, options);
      }),
  };
}

function ask(
  name: string,
  query: AnyQuery,
  followed: Followed,
  input: unknown,
  options: { readonly onRan?: (ranMs: number) => void } | undefined,
): Promise<unknown> {
  const asked: AskedQuery = {
    name,
    startedAtMs: performance.now(),
    endedAtMs: 0,
    ranMs: undefined,
    failed: false,
  };
  followed.asked(asked);
  const onRan = (ranMs: number): void => {
    asked.ranMs = ranMs;
    options?.onRan?.(ranMs);
  };
  const promise = query(input, { ...options, onRan });
  const done = (failed: boolean): void => {
    asked.endedAtMs = performance.now();
    asked.failed = failed;
    followed.answered(asked);
  };
  whenSettled(
    promise,
    () => done(false),
    () => done(true),
  );
  return promise;
}
