import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { findProject } from "./app.ts";
import { type Io, usageError } from "./io.ts";

/** `runrpc migration`: writes the migrations of what changed in the tables. */
export function configure(command: Command, _io: Io): void {
  command
    .option("--name <name>", "what changed, such as users_job: the end of the migration's name")
    .option("--custom", "an empty migration, to be written by hand")
    .option(
      "--config <file>",
      "drizzle-kit's configuration (default: services/drizzle.config.ts beside the application's file)",
    )
    .addHelpText("after", notes)
    .action(async () => {
      const {
        name,
        custom = false,
        config = usualConfig(),
      } = command.opts<{
        name?: string;
        custom?: boolean;
        config?: string;
      }>();
      if (name !== undefined && !/^[\w-]{1,100}$/.test(name))
        throw usageError(`--name is ${JSON.stringify(name.slice(0, 100))}: write it as users_job`);
      if (!existsSync(config))
        throw usageError(
          `there is no ${config} in ${process.cwd()}: name drizzle-kit's configuration with --config`,
        );
      const { writeMigrations } = await import("../app/write-migrations.ts");
      await writeMigrations({ config, name, custom });
    });
}

/** That of the project, from its folder, which becomes the working directory: the configuration names its files from there. */
function usualConfig(): string {
  const { folder, main } = findProject();
  process.chdir(folder);
  return join(dirname(main), "services/drizzle.config.ts");
}

const notes = `
Writes SQL for both kinds of database by drizzle-kit: SQLite's into the folder of its configuration, and that of Postgres
into postgres/ inside of it. Commit both. \`runrpc serve\` and \`runrpc migrate\` apply those of the database at hand.

Example:
  runrpc migration --name users_job
`;
