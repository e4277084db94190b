import { type Command, Option } from "commander";
import type { LoadedConfig } from "../config/config.ts";
import { exitCodeOf, type StopSignals, watchStopSignals } from "../signals.ts";
import { findApp, loadApp } from "./app.ts";
import { addConfigOptions, loadConfigOf } from "./config-options.ts";
import { exitCodes, type Io, usageError } from "./io.ts";
import { refuseFlagsOfNpm } from "./npm-flags.ts";
import { openCallsText, workerCallsText } from "./open-calls.ts";
import { welcomeText } from "./welcome.ts";
import { jsonLine, speaksJson, welcomeLine } from "./welcome-line.ts";

/** `runrpc serve`: runs the server until a signal, then drains it. */
export function configure(command: Command, io: Io): void {
  addConfigOptions(command);
  command
    .addHelpText("after", notes)
    // What the system that this one re-thinks calls it: for people who move over.
    .addOption(new Option("--asyncio-debug").hideHelp())
    // What npm leaves of `npm start --port 8080` is told by what npm kept of it.
    .allowExcessArguments()
    .action(async () => {
      refuseFlagsOfNpm(io.env);
      const { args } = command;
      if (args.length > 0) throw usageError(`serve takes options alone, and no ${args.join(" ")}`);
      if (command.opts().asyncioDebug === true) command.setOptionValue("debug", true);
      io.finish(await serve(await loadConfigOf(command, io), io));
    });
}

const notes = `
Values come from flags, then RUNRPC_... variables, then the file, then defaults: --max-connections is
RUNRPC_MAX_CONNECTIONS, and limits.max_connections in the file. \`runrpc config\` shows what is in force. PORT names
the port where none of these does.

Examples:
  runrpc serve --port 8080 --database /var/lib/app.sqlite
  runrpc serve --config production.yaml --log errors
  RUNRPC_TLS_KEY_FILE=key.pem RUNRPC_TLS_CERT_FILE=cert.pem runrpc serve

SIGTERM and SIGINT drain: health says so at once, what comes is served for --drain-delay-ms more, connections end in
good order, open calls may end, then the exit code is 0. A second signal exits at once (130 or 143).
SIGHUP reloads the certificates, as a change of their files does, and never ends the server: it outlives a terminal that is
closed. Under \`node --watch\` it drains. With --workers new processes take the place of all, one after the other.

--debug names the call and the line that hold the event loop, what outlives its call and what is slow; SIGUSR2 prints the
calls in flight then, and \`runrpc profile\` records where the time goes. In production it needs --debug-in-production too.
`;

async function serve(loaded: LoadedConfig, io: Io): Promise<number> {
  io.outliveReaders();
  // Watched before the start, so that a signal in the middle of it still closes the database in order.
  const signals = watchStopSignals();
  const heard: Heard = { hangUp() {}, whatRuns: () => sayNothingRuns(loaded, io) };
  if (io.env.WATCH_REPORT_DEPENDENCIES === undefined) process.on("SIGHUP", () => heard.hangUp());
  else followWatcher(signals);
  process.on("SIGUSR2", () => heard.whatRuns());
  const run = loaded.config.workers.count > 1 ? runGroup : runOne;
  return Promise.race([run(loaded, io, signals, heard), signals.second.then(exitCodeOf)]);
}

/** What the signals do that end nothing, as soon as there is a server: left to the system, both would end it. */
interface Heard {
  /** SIGHUP. */
  hangUp(): void;
  /** SIGUSR2. */
  whatRuns(): void;
}

function sayNothingRuns(loaded: LoadedConfig, { stderr }: Io): void {
  const text = loaded.config.server.debug
    ? "the server has not started yet"
    : "SIGUSR2 prints the calls in flight in debug mode, which is off (--debug)";
  stderr.write(speaksJson(loaded) ? jsonLine(text) : `${text}\n`);
}

/** Under `node --watch` a closed terminal ends the watcher, which says nothing to us: the port would stay taken. */
function followWatcher({ stop }: StopSignals): void {
  process.on("SIGHUP", stop);
  process.once("disconnect", stop);
}

/** For the page, when somebody looks. */
async function contracts() {
  const { contractsHere } = await import("./call/own-contract.ts");
  return contractsHere();
}

async function runOne(loaded: LoadedConfig, io: Io, { first }: StopSignals, heard: Heard): Promise<number> {
  const { createDebugMode, startApp } = await import("../app/start-app.ts");
  // Before the application's code is loaded, which may take functions out of the modules that debug mode wraps.
  const debug = loaded.config.server.debug ? await createDebugMode(loaded.config) : undefined;
  const app = await startApp(await loadApp(), loaded, { debug, contracts });
  heard.hangUp = app.reloadCertificates;
  const isJson = speaksJson(loaded);
  const { openCalls } = app;
  if (openCalls !== undefined)
    heard.whatRuns = () => {
      const calls = openCalls();
      io.stderr.write(isJson ? jsonLine("the calls in flight", { calls }) : openCallsText(calls));
    };
  io.stdout.write(isJson ? welcomeLine(app) : welcomeText(app, loaded, io.stdout));
  const reason = await Promise.race([first, app.strayed.then(() => undefined)]);
  sayDrain(reason ?? "an error that nobody caught (errors.on_stray)", loaded, io);
  await app.drain();
  return reason === undefined ? exitCodes.failed : exitCodes.ok;
}

/** The same by several processes, which this one leads. */
async function runGroup(loaded: LoadedConfig, io: Io, { first }: StopSignals, heard: Heard): Promise<number> {
  const { startGroup } = await import("../app/start-group.ts");
  const main = findApp();
  const group = await startGroup(await loadApp(main), loaded, { main, env: io.env, contracts, stop: first });
  if (group === undefined) return exitCodes.ok;
  heard.hangUp = group.roll;
  const isJson = speaksJson(loaded);
  if (loaded.config.server.debug)
    heard.whatRuns = async () => {
      const workers = await group.openCalls();
      io.stderr.write(isJson ? jsonLine("the calls in flight", { workers }) : workerCallsText(workers));
    };
  io.stdout.write(isJson ? welcomeLine(group) : welcomeText(group, loaded, io.stdout));
  const reason = await Promise.race([first, group.gaveUp]);
  sayDrain(reason instanceof Error ? reason.message : reason, loaded, io);
  await group.drain();
  return reason instanceof Error ? exitCodes.failed : exitCodes.ok;
}

function sayDrain(why: string, loaded: LoadedConfig, { stderr }: Io): void {
  const { drainDelayMs, drainTimeoutMs } = loaded.config.timeouts;
  const delay = drainDelayMs > 0 ? `still serving for ${drainDelayMs} ms, then ` : "";
  const drains = `${why}: ${delay}draining for at most ${drainTimeoutMs} ms; a second signal exits at once`;
  stderr.write(speaksJson(loaded) ? jsonLine(drains) : `${drains}\n`);
}
