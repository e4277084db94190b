import { basename } from "node:path";
import { Command, CommanderError } from "commander";
import { failureText } from "../app/failure-text.ts";
import { ConfigError, processEnvironment } from "../config/config.ts";
import { withoutPassword } from "../url.ts";
import { CommandFailure, exitCodes, type Io, style } from "./io.ts";
import { packageVersion } from "./version.ts";

/** What each file in `cli/` exports: it gives a command its options, help and action. */
interface CommandModule {
  configure(command: Command, io: Io): void;
}

/** The commands, in the order of the help. Each is imported only when it is the one that was asked for. */
const commands: readonly { name: string; summary: string; load: () => Promise<CommandModule> }[] = [
  { name: "serve", summary: "run the server", load: () => import("./serve.ts") },
  {
    name: "call",
    summary: "call a method of a running server, or list what it has",
    load: () => import("./call.ts"),
  },
  { name: "keys", summary: "make, list, revoke and rotate API keys", load: () => import("./keys.ts") },
  { name: "migrate", summary: "bring the database up to date", load: () => import("./migrate.ts") },
  {
    name: "migration",
    summary: "write the migrations of what changed in the tables",
    load: () => import("./migration.ts"),
  },
  {
    name: "add",
    summary: "add a service or a method to a project: contract, code, test, registration",
    load: () => import("./add.ts"),
  },
  {
    name: "sync",
    summary: "bring the handlers up to date with the protos, or tell what they lack",
    load: () => import("./sync.ts"),
  },
  {
    name: "backup",
    summary: "copy the database into a file, also while it is served",
    load: () => import("./backup.ts"),
  },
  {
    name: "copy",
    summary: "copy all rows of an SQLite database into one of Postgres",
    load: () => import("./copy.ts"),
  },
  {
    name: "doctor",
    summary: "look the database over, and say what is wrong with it",
    load: () => import("./doctor.ts"),
  },
  {
    name: "top",
    summary: "watch what a running server does, method by method, and its open calls",
    load: () => import("./top.ts"),
  },
  {
    name: "logs",
    summary: "list the calls that a server has served, or follow them",
    load: () => import("./logs.ts"),
  },
  {
    name: "profile",
    summary: "record where a running server in debug mode spends its time, or what its memory holds",
    load: () => import("./profile.ts"),
  },
  {
    name: "upgrade",
    summary: "bring a project's files up to date with the template",
    load: () => import("./upgrade.ts"),
  },
  {
    name: "config",
    summary: "print each value of the configuration and where it came from",
    load: () => import("./config.ts"),
  },
];

const notes = `
Examples:
  runrpc serve --port 8080
  runrpc call users.v1.UserService/ListUsers '{"pageSize": 10}' --key rr_...
  runrpc keys create --user ada@example.com --scope users.read --expires 90d

Exit codes:
  0    it worked
  1    it failed: the call ended with an error, the server did not start
  2    the command line or the configuration is wrong
  130  ended by Ctrl-C, 143 by SIGTERM; a server that drained in time ends with 0

\`rungrpc\` is \`runrpc serve\`. Colour is used on a terminal only, and not when NO_COLOR is set.
`;

/**
 * Runs a command line and resolves to its exit code; it never rejects. Called as `rungrpc`, it is `runrpc serve`.
 *
 * @param argv as in `process.argv`: node, the script, and what was typed.
 */
export async function main(argv: readonly string[]): Promise<number> {
  hidePasswords();
  let exitCode: number = exitCodes.ok;
  const { stdin, stdout, stderr } = process;
  const finish = (code: number) => {
    exitCode = code;
  };
  let mayEnd = true;
  const outliveReaders = () => {
    mayEnd = false;
  };
  const io: Io = { env: processEnvironment(), stdin, stdout, stderr, finish, outliveReaders };
  watchOutputs(io, () => mayEnd);
  try {
    const args = basename(argv[1] ?? "") === "rungrpc" ? ["serve", ...argv.slice(2)] : argv.slice(2);
    const program = await createProgram(args, io);
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, io);
  }
}

/** Whoever may list the processes of a machine sees what each was called with. */
function hidePasswords(): void {
  const called = [...process.execArgv, ...process.argv.slice(1)];
  const shown = called.map(withoutPassword);
  if (shown.some((text, index) => text !== called[index])) process.title = `node ${shown.join(" ")}`;
}

async function createProgram(args: readonly string[], io: Io): Promise<Command> {
  const program = new Command("runrpc")
    .description("Typed services from .proto files over Connect, gRPC and gRPC-Web on one port.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .configureHelp({ styleTitle: (title) => style(io.stdout, "bold", title) })
    .exitOverride()
    .showHelpAfterError("Run it with --help to see what it takes.")
    .addHelpText("after", notes);
  const asked = args.filter((arg) => !arg.startsWith("-")).slice(0, 2); // two, for `help serve`
  for (const { name, summary, load } of commands) {
    const command = program.command(name).description(summary);
    if (asked.includes(name)) (await load()).configure(command, io);
  }
  return program;
}

/** Says what went wrong in sentences; a stack is shown only for what must be a fault of this program. */
function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage; // it has been printed
  const label = style(io.stderr, "red", "error:");
  if (error instanceof ConfigError) {
    io.stderr.write(error.problems.map((problem) => `${label} ${problem}\n`).join(""));
    return exitCodes.usage;
  }
  io.stderr.write(`${label} ${failureText(error)}\n`);
  return error instanceof CommandFailure ? error.exitCode : exitCodes.failed;
}

/**
 * `runrpc call ... | head -1` closes our output early; that is no failure worth a stack. 141 is what a shell expects. A
 * message that standard error does not take (its reader is gone, the terminal closed, the disk full) changes nothing.
 */
function watchOutputs({ stdout, stderr }: Io, mayEnd: () => boolean): void {
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (mayEnd()) process.exit(error.code === "EPIPE" ? 141 : exitCodes.failed);
  });
  stderr.on("error", () => {});
}
