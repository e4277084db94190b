// The tables, for drizzle-kit. After changing one: `npm run migration -- --name what_changed`, and commit what it writes.
export { messages } from "./chat/table.ts";
export { events } from "./events/table.ts";
export { logs } from "./logs/table.ts";
export { users } from "./users/table.ts";
