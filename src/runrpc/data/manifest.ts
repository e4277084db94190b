import { DataError } from "./data-error.ts";
import type { Query, QueryModules } from "./query.ts";

/** Index of a query in this list is its number, by which calls name it. */
export type Manifest = readonly (readonly [module: string, query: string, kind: "read" | "write"])[];

/** A query with the name it goes by in errors. */
export interface NamedQuery {
  readonly name: string;
  readonly run: Query;
}

/**
 * Numbers the queries in the order of their names, so that all who list the same modules agree. Throws a
 * `failed_precondition` DataError for a name that stands under both `read` and `write`.
 */
export function listQueries(modules: QueryModules): { manifest: Manifest; queries: NamedQuery[] } {
  const manifest: [string, string, "read" | "write"][] = [];
  const queries: NamedQuery[] = [];
  for (const module of Object.keys(modules).sort()) {
    for (const kind of ["read", "write"] as const) {
      for (const [query, run] of Object.entries(modules[module]?.[kind] ?? {})) {
        const name = `${module}.${query}`;
        if (queries.some((known) => known.name === name)) {
          throw new DataError(
            "failed_precondition",
            `the query ${name} is exported under both read and write`,
          );
        }
        manifest.push([module, query, kind]);
        queries.push({ name, run });
      }
    }
  }
  return { manifest, queries };
}
