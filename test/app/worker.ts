import { serveQueries } from "runrpc/worker";
import { modules } from "./queries.ts";

await serveQueries(modules);
