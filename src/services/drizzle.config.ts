import { defineConfig } from "drizzle-kit";

// drizzle-kit looks for its configuration in a default export. Paths are relative to the working directory,
// which is the top of the repository: `drizzle-kit generate --config src/services/drizzle.config.ts`.
export default defineConfig({
  dialect: "sqlite",
  schema: "./src/services/schema.ts",
  out: "./src/services/migrations",
});
