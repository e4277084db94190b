/** A query of a store, as the main thread calls it. */
export type AnyQuery = (input?: unknown, options?: object) => Promise<unknown>;

/**
 * The same queries, each of them in another function, which `wrap` makes once.
 *
 * @param queries those of a store, by module
 * @param wrap is given the name of a query, such as `users.getUser`
 */
export function aroundQueries<Q extends object>(
  queries: Q,
  wrap: (name: string, query: AnyQuery) => AnyQuery,
): Q {
  return mapObject(queries, (module, moduleName) =>
    // Modules are objects of queries: `Queries` says so.
    mapObject(module as object, (query, name) => wrap(`${moduleName}.${name}`, query as AnyQuery)),
  );
}

/**
 * Tells when a query has its answer. It is no sign that somebody waits for that: a query whose rejection nobody hears is
 * reported all the same.
 */
export function whenSettled(
  promise: Promise<unknown>,
  resolved: () => void,
  rejected: (reason: unknown) => void,
): void {
  // Past the `then` of its own, which takes note of who waits.
  void then.call(promise, resolved, rejected);
}

const { then } = Promise.prototype;

/** An object of the same names and the same prototype, with other values. */
function mapObject<T extends object>(source: T, change: (value: unknown, name: string) => unknown): T {
  const entries = Object.entries(source).map(([name, value]) => [name, change(value, name)] as const);
  return Object.assign(Object.create(Object.getPrototypeOf(source)), Object.fromEntries(entries)) as T; // the names are those of source
}
