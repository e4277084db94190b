// The worker of the real app, with one slow query more.
import { serveQueries } from "../../src/runrpc/data/serve-queries.ts";
import { modules } from "../../src/services/queries.ts";
import { read } from "../store/queries.ts";

const withSlow = { ...modules, slow: { read: { countSlowly: read.countSlowly } } };
export type SlowModules = typeof withSlow;
await serveQueries(withSlow);
