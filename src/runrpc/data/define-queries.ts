import type { Query, QueryModule } from "./query.ts";
import type { Queries } from "./query-proxy.ts";

/** Queries by their names. */
type QueriesByName = Readonly<Record<string, Query>>;

/** What was given; nothing where nothing was, for which the constraint itself is inferred. */
type Given<Q extends QueriesByName> = string extends keyof Q ? Readonly<Record<never, Query>> : Q;

/**
 * The queries of one module: `read` ones run on any reader, `write` ones in a transaction on the writer. Gives back what
 * it is given; what it does is type `db`, and refuse what is no query. A name may stand under one of the two alone.
 *
 *     export const userQueries = defineQueries({
 *       read: {
 *         async getUser(db, { id }: { readonly id: string }) {
 *           return (await byId(db).execute({ id }))[0];
 *         },
 *       },
 *     });
 *     export type UserQueries = QueriesOf<typeof userQueries>;
 */
export function defineQueries<Read extends QueriesByName, Write extends QueriesByName>(queries: {
  readonly read?: Read;
  readonly write?: Write;
}): { readonly read: Given<Read>; readonly write: Given<Write> } {
  const { read = {}, write = {} } = queries;
  // Empty where none were given, as the type says.
  return { read, write } as { readonly read: Given<Read>; readonly write: Given<Write> };
}

/** The queries of one module as services call them: `await queries.getUser({ id }, { signal })`. */
export type QueriesOf<M extends QueryModule> = Queries<{ readonly module: M }>["module"];
