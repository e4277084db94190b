import { defineConfig } from "drizzle-kit";

// `npm run migration:test -- --name what_changed`, from the top of the repository.
export default defineConfig({
  dialect: "sqlite",
  schema: "./test/app/table.ts",
  out: "./test/app/migrations",
});
