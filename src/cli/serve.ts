import type { Command } from "commander";
import type { LoadedConfig } from "../config.ts";
import { loadApp } from "./app.ts";
import { addConfigOptions, loadConfigOf } from "./config-options.ts";
import { exitCodes, type Io } from "./io.ts";
import { exitCodeOf, watchStopSignals } from "./signals.ts";
import { welcomeText } from "./welcome.ts";

/** `runrpc serve`: runs the server until a signal, then drains it. */
export function configure(command: Command, io: Io): void {
  addConfigOptions(command);
  command
    .addHelpText("after", notes)
    .action(async () => io.finish(await serve(await loadConfigOf(command, io), io)));
}

const notes = `
Values come from flags, then RUNRPC_... variables, then the file, then defaults: --max-connections is
RUNRPC_MAX_CONNECTIONS, and limits.max_connections in the file. \`runrpc config\` shows what is in force.

Examples:
  runrpc serve --port 8080 --database /var/lib/app.sqlite
  runrpc serve --config production.yaml --log errors
  RUNRPC_TLS_KEY_FILE=key.pem RUNRPC_TLS_CERT_FILE=cert.pem runrpc serve

SIGTERM and SIGINT drain: open calls may end, then the exit code is 0. A second signal exits at once (130 or 143).
`;

async function serve(loaded: LoadedConfig, io: Io): Promise<number> {
  // Watched before the start, so that a signal in the middle of it still closes the database in order.
  const signals = watchStopSignals();
  const { startApp } = await loadApp();
  const app = await startApp(loaded);
  io.stdout.write(welcomeText(app, loaded, io.stdout));
  const signal = await signals.first;
  io.stderr.write(
    `${signal}: draining for at most ${loaded.config.timeouts.drainTimeoutMs} ms; a second signal exits at once\n`,
  );
  return Promise.race([app.drain().then(() => exitCodes.ok), signals.second.then(exitCodeOf)]);
}
