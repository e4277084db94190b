import type { Command } from "commander";
import { loadApp } from "./app.ts";
import { addConfigOptions, loadConfigOf } from "./config-options.ts";
import type { Io } from "./io.ts";

/** `runrpc migrate`: brings the database up to date without serving. */
export function configure(command: Command, io: Io): void {
  addConfigOptions(command, ["database"]);
  command
    .option("--json", 'the names of the applied migrations, as {"applied":[...]}')
    .addHelpText("after", notes)
    .action(async () => {
      const loaded = await loadConfigOf(command, io);
      const { migrateApp } = await import("../app/maintenance.ts");
      const { applied, database } = await migrateApp(await loadApp(), loaded);
      if (command.opts<{ json?: boolean }>().json) {
        io.stdout.write(`${JSON.stringify({ applied })}\n`);
      } else if (applied.length === 0) {
        io.stdout.write(`${database} is up to date\n`);
      } else {
        io.stdout.write(applied.map((name) => `applied ${name}\n`).join(""));
      }
    });
}

const notes = `
\`runrpc serve\` applies migrations at its start too; this is for those who want it done before.
Migrations run in order, once, each in a transaction. On Postgres an advisory lock has those who do so at once wait for each other.

Examples:
  runrpc migrate --database /var/lib/app.sqlite
  runrpc migrate --database postgres://app@db.example.com/app
`;
