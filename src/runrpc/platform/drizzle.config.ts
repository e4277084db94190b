import { defineConfig } from "drizzle-kit";

// drizzle-kit looks for its configuration in a default export. Paths are relative to the top of the repository.
export default defineConfig({
  dialect: "sqlite",
  schema: "./src/runrpc/platform/schema.ts",
  out: "./src/runrpc/platform/migrations",
});
