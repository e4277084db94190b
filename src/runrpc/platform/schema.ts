// The platform's tables, for drizzle-kit: `npm run migration:platform -- --name what_changed`.
export { keys } from "./keys/table.ts";
export { requestLog } from "./request-log/table.ts";
