// `runrpc/query`: what a `queries.ts` imports. It loads no database driver and no server.
export { defineQueries, type QueriesOf } from "./data/define-queries.ts";
export { readInOrder, writeInOrder } from "./data/in-order.ts";
export { type GroupColumns, insertRows, type RowGroup } from "./data/insert-rows.ts";
export {
  DataError,
  type DataErrorCode,
  type Db,
  prepared,
  type Query,
  type QueryModule,
  type QueryModules,
} from "./data/query.ts";
export type { Queries } from "./data/query-proxy.ts";
export { type RemoveOwned, removeOwnedRows } from "./data/remove-owned.ts";
export { countWithin } from "./paging/count-within.ts";
export { removeKeysOf } from "./platform/keys/remove-keys.ts";
