/**
 * Whether `await` would wait for it. `instanceof Promise` misses the promises of another realm, and what only has a `then`,
 * such as a query of Prisma or knex.
 *
 * @throws whatever the getter of a hostile `then` throws.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}

const { then } = Promise.prototype;

/**
 * Calls one of the two once, later, and never from within, whatever `promise` does: as `await` would, without a promise of
 * its own where it is given one of this realm.
 *
 * @throws what the `constructor` of a hostile promise throws; then neither is called.
 */
export function follow<T>(
  promise: PromiseLike<T>,
  resolved: (value: T) => void,
  rejected: (reason: unknown) => void,
): void {
  then.call(Promise.resolve(promise), resolved as (value: unknown) => void, rejected); // what it resolves to is a T
}
