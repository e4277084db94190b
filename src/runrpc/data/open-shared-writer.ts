import { DataError } from "./data-error.ts";
import type { StoreOptions } from "./open-store.ts";
import type { QueryModules } from "./query.ts";
import {
  openSharedWriter as openSqliteWriter,
  type SharedWriter,
} from "./sqlite/shared-writer/open-shared-writer.ts";

export type { SharedWriter } from "./sqlite/shared-writer/open-shared-writer.ts";

/**
 * Opens an SQLite file in the process that writes for others, each of which opens its store with `writer`; see
 * `sqlite/shared-writer/open-shared-writer.ts`. Throws `invalid_argument` for a database of a server, which needs none.
 */
export async function openSharedWriter<M extends QueryModules = QueryModules>(
  options: StoreOptions,
): Promise<SharedWriter<M>> {
  if (!("url" in options)) return openSqliteWriter<M>(options);
  throw new DataError(
    "invalid_argument",
    "a server has many write: only an SQLite file needs a shared writer",
  );
}
