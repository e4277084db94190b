import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { loadApp } from "./app.ts";
import { addConfigOptions, loadConfigOf } from "./config-options.ts";
import { type Io, usageError } from "./io.ts";
import { untilSignal } from "./until-signal.ts";

/** `runrpc backup`: copies the database into one file, while a server serves it. */
export function configure(command: Command, io: Io): void {
  addConfigOptions(command, ["database"]);
  command
    .argument("<file>", "the file to write")
    .option("--force", "replace the file if it exists")
    .option("--json", 'what was written, as {"file":...,"bytes":...}')
    .addHelpText("after", notes)
    .action(async (target: string) => {
      const { force, json } = command.opts<{ force?: boolean; json?: boolean }>();
      const folder = dirname(resolve(target));
      if (!existsSync(folder))
        throw usageError(`there is no folder ${folder}: make it, or name another file`);
      const loaded = await loadConfigOf(command, io);
      const { backupApp } = await import("../app/maintenance.ts");
      const definition = await loadApp();
      const report = await untilSignal((signal) =>
        backupApp(definition, loaded, target, { force, signal, onProgress: progressOn(io) }),
      );
      if (json) io.stdout.write(`${JSON.stringify(report)}\n`);
      else io.stdout.write(`wrote ${report.file}, ${report.bytes} bytes, checked\n`);
    });
}

const notes = `
The copy is the database as it was at one moment, in one file that only its owner can read. It is checked before it gets its
name; a backup that fails leaves nothing behind. To restore: stop the server, put the copy in the database's place, and
remove the -wal and -shm files beside it. A database of Postgres is backed up by pg_dump.

Examples:
  runrpc backup /var/backups/app.sqlite
  runrpc backup --database /var/lib/app.sqlite --force latest.sqlite
`;

/** One line that is written over, on a terminal only. */
function progressOn({ stderr }: Io): ((copied: number, total: number) => void) | undefined {
  if (!("isTTY" in stderr) || stderr.isTTY !== true) return undefined;
  return (copied, total) => {
    const end = copied === total ? "\n" : "";
    stderr.write(`\r${Math.floor((100 * copied) / Math.max(1, total))} % of ${total} pages${end}`);
  };
}
