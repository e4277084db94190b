import type { Command } from "commander";
import type { CopyProgress } from "../app/maintenance.ts";
import { isPostgresUrl } from "../url.ts";
import { loadApp } from "./app.ts";
import { addConfigOptions, loadConfigOf } from "./config-options.ts";
import { formatTable, type Io, usageError } from "./io.ts";
import { isTerminal } from "./screen.ts";
import { untilSignal } from "./until-signal.ts";

/** `runrpc copy`: moves an application from an SQLite file to Postgres. */
export function configure(command: Command, io: Io): void {
  addConfigOptions(command, []);
  command
    .option("--from <file>", "the SQLite database (default: that of the configuration)")
    .option("--to <url>", "the database of Postgres, without rows (default: that of the configuration)")
    .option("--json", 'what was copied, as {"from":...,"to":...,"tables":[...]}')
    .addHelpText("after", notes)
    .action(async () => {
      const options = command.opts<{ from?: string; to?: string; json?: boolean }>();
      const loaded = await loadConfigOf(command, io, []);
      const { url } = loaded.config.database;
      const { from = url, to = url } = options;
      refuseOtherWays(from, to);
      const { copyApp } = await import("../app/maintenance.ts");
      const definition = await loadApp();
      const report = await untilSignal((signal) =>
        copyApp(definition, loaded, { from, to }, { signal, onProgress: progressOn(io) }),
      );
      if (options.json) {
        io.stdout.write(`${JSON.stringify(report)}\n`);
        return;
      }
      const rows = report.tables.map(({ name, rows: count, checksum }) => [
        name,
        `${count}`,
        checksum.slice(0, 16),
      ]);
      io.stdout.write(`${formatTable([["TABLE", "ROWS", "CHECKSUM"], ...rows])}\n\n`);
      io.stdout.write(`${report.to} has all rows of ${report.from}, and the same checksums.\n`);
    });
}

const notes = `
The server of the SQLite database has to be stopped: a copy of a database that is written to meanwhile is given up. The
database of Postgres gets the migrations first, and may have no rows yet. Every value is looked at before the first row is
written; all rows are written in one transaction, and committed when counts and checksums, of what is read back, are the same.
A copy that fails leaves no row behind, and has exit code 1. Nothing changes in the SQLite database.

The password of the URL is shown nowhere, and may be left to PGPASSWORD or ~/.pgpass. A copy back, from Postgres to SQLite, is not there.

Examples:
  runrpc copy --from data/runrpc.sqlite --to postgres://app@db.example.com/app
  RUNRPC_DATABASE_URL=postgres://app@db.example.com/app runrpc copy --from data/runrpc.sqlite
`;

function refuseOtherWays(from: string, to: string): void {
  if (isPostgresUrl(from) && isPostgresUrl(to))
    throw usageError(
      "both databases are Postgres's, where pg_dump and pg_restore copy; --from names an SQLite file",
    );
  if (isPostgresUrl(from))
    throw usageError(
      "rows are copied from SQLite to Postgres alone: --from names an SQLite file, and --to a URL of Postgres",
    );
  if (!isPostgresUrl(to))
    throw usageError(
      "--to names no database of Postgres, such as postgres://app@db.example.com/app; an SQLite file is copied by `runrpc backup`",
    );
}

const verbs = { examine: "examined", write: "wrote", compare: "compared" } as const;

/** Without a terminal, a line for each table, and one now and then within a large one. */
const betweenLinesMs = 10_000;

/** One line that is written over, on a terminal; else lines. */
function progressOn({ stderr }: Io): (progress: CopyProgress) => void {
  let shown = 0;
  let toldMs = performance.now();
  return ({ phase, table, rows, totalRows }) => {
    const line = `${verbs[phase]} ${rows} of ${totalRows} rows of ${table}`;
    const isDone = rows >= totalRows;
    if (isTerminal(stderr)) {
      stderr.write(`\r${line.padEnd(shown)}${isDone ? "\n" : ""}`);
      shown = isDone ? 0 : line.length;
    } else if (isDone || performance.now() - toldMs > betweenLinesMs) {
      toldMs = performance.now();
      stderr.write(`${line}\n`);
    }
  };
}
