// `runrpc/worker`: what the file of a database worker imports.
export { serveQueries } from "./platform/serve-queries.ts";
