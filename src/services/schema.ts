// The tables, for drizzle-kit. After changing one:
// `npx drizzle-kit generate --config src/services/drizzle.config.ts --name <what-changed>`, and commit what it writes.

export { keys, requestLog } from "runrpc";
export { messages } from "./chat/table.ts";
export { events } from "./events/table.ts";
export { logs } from "./logs/table.ts";
export { users } from "./users/table.ts";
