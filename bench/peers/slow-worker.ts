// The worker of the tests' application, with one slow query more.
import { serveQueries } from "../../src/runrpc/worker.ts";
import { modules } from "../../test/app/queries.ts";
import { read } from "../store/queries.ts";

const withSlow = { ...modules, slow: { read: { countSlowly: read.countSlowly } } };
export type SlowModules = typeof withSlow;
await serveQueries(withSlow);
