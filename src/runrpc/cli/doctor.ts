import type { Command } from "commander";
import { loadApp } from "./app.ts";
import { addConfigOptions, loadConfigOf } from "./config-options.ts";
import { exitCodes, formatTable, type Io, style } from "./io.ts";
import { packageVersion } from "./version.ts";

/** `runrpc doctor`: looks the database over and says what is wrong with it. */
export function configure(command: Command, io: Io): void {
  addConfigOptions(command, ["database", "workers"]);
  command
    .option("--json", 'the findings, as {"ok":...,"versions":{...},"checks":[...]}')
    .addHelpText("after", notes)
    .action(async () => {
      const loaded = await loadConfigOf(command, io);
      const { examineApp } = await import("../app/maintenance.ts");
      const { kind, version, checks } = await examineApp(await loadApp(), loaded);
      const ok = checks.every(({ state }) => state !== "failed");
      const versions = { runrpc: packageVersion(), node: process.versions.node, [kind]: version };
      if (command.opts<{ json?: boolean }>().json) {
        io.stdout.write(`${JSON.stringify({ ok, versions, checks })}\n`);
      } else {
        const rows = checks.map(({ name, state, text }) => [state, name, text]);
        io.stdout.write(`runrpc ${versions.runrpc}, Node ${versions.node}, ${names[kind]} ${version}\n\n`);
        io.stdout.write(`${formatTable([["STATE", "CHECK", "FOUND"], ...rows])}\n\n`);
        io.stdout.write(ok ? "Nothing is wrong.\n" : `${style(io.stdout, "red", "Something is wrong.")}\n`);
      }
      io.finish(ok ? exitCodes.ok : exitCodes.failed);
    });
}

const names = { sqlite: "SQLite", postgres: "PostgreSQL" } as const;

const notes = `
It reads the whole of an SQLite database, and of Postgres what the server tells, beside whoever serves it, and changes nothing. It tries the TLS
files and ports that \`runrpc serve\` would be started with; a port that is taken is none of its troubles. Exit code 0 when nothing is wrong (warnings
are not), 1 when something is.

Examples:
  runrpc doctor --database /var/lib/app.sqlite
  runrpc doctor --json
`;
