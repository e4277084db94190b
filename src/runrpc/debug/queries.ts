import { type AnyQuery, aroundQueries, whenSettled } from "../data/around-queries.ts";
import { isHeard } from "../data/heard-promise.ts";
import { type TakenStack, takeStack } from "./stack.ts";

/** A query that a call has made. */
export interface FollowedQuery {
  /** Such as `users.getUser`. */
  readonly name: string;
  readonly startedAtMs: number;
  /** 0 until it has an answer. */
  endedAtMs: number;
  /** How long it ran in its worker, in milliseconds; undefined until that is known. */
  ranMs: number | undefined;
  readonly stack: TakenStack;
  /** Whether somebody waits for it, or did. */
  isHeard(): boolean;
}

/** Who makes a query: the call at hand. */
export interface QueryCaller {
  asked(query: FollowedQuery): void;
  answered(query: FollowedQuery): void;
}

/** Undefined: the query comes from no call, and is not followed. */
export type FindCaller = () => QueryCaller | undefined;

/** The same queries, each of which is followed. `queries` are those of a store, by module. */
export function followQueries<Q extends object>(queries: Q, findCaller: FindCaller): Q {
  return aroundQueries(queries, (name, query) => followed(name, query, findCaller));
}

function followed(name: string, query: AnyQuery, findCaller: FindCaller): AnyQuery {
  return function ask(input, options) {
    const caller = findCaller();
    if (caller === undefined) return query(input, options);
    const state: { promise: Promise<unknown> | undefined } = { promise: undefined };
    const made: FollowedQuery = {
      name,
      startedAtMs: performance.now(),
      endedAtMs: 0,
      ranMs: undefined,
      stack: takeStack(ask),
      isHeard: () => isHeard(state.promise),
    };
    caller.asked(made);
    const onRan = (ranMs: number): void => {
      made.ranMs = ranMs;
    };
    const promise = query(input, { ...options, onRan });
    state.promise = promise;
    const done = (): void => {
      made.endedAtMs = performance.now();
      caller.answered(made);
    };
    whenSettled(promise, done, done);
    return promise;
  };
}
