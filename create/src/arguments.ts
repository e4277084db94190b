import { parseArgs } from "node:util";

/** What a command line asked for; what is undefined it left open. */
export interface Arguments {
  readonly folder: string | undefined;
  readonly example: string | undefined;
  /** Where npm gets runrpc. */
  readonly runtime: string | undefined;
  readonly yes: boolean;
  readonly install: boolean;
  readonly git: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

/** Something that the person who typed the command can mend by typing another one. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What `--help` prints. */
export function helpText(examples: readonly string[]): string {
  return `Usage: npm create runrpc [folder] -- [options]

Makes a project with a typed service, ready to run. On a terminal it asks for what is not named.

Options:
  --example ${examples.join("|")}  which services are in it (default: unary)
                            unary  users: unary calls and a server stream
                            all    users, events, logs, chat and reports: the four kinds of call, and threads
                            none   no service
  --yes                     asks nothing, and takes the defaults
  --no-install              leaves out npm install and npm run generate: no network is needed
  --no-git                  makes no git repository
  --runtime SPEC            where npm gets runrpc: a version, a tarball, a folder (default: this version)
  --version, --help

Exit codes: 0 it worked, 1 it failed, 2 the command line is wrong or the folder is not empty.
`;
}

/** @throws UsageError that names what cannot be read. */
export function readArguments(args: readonly string[], examples: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  const { example, runtime } = values;
  if (example !== undefined && !examples.includes(example))
    throw new UsageError(wrongExample(example, examples));
  if (runtime === "") throw new UsageError("--runtime is empty: name a version, a tarball or a folder");
  if (positionals.length > 1)
    throw new UsageError(`one folder, please: ${positionals.slice(0, 9).join(" ")}`);
  if (positionals[0] === "") throw new UsageError("the name of the folder is empty");
  return {
    folder: positionals[0],
    example,
    runtime,
    yes: values.yes,
    install: !values["no-install"],
    git: !values["no-git"],
    help: values.help,
    version: values.version,
  };
}

/** What is said of an example that there is not. */
export function wrongExample(name: string, examples: readonly string[]): string {
  return `there is no example ${JSON.stringify(name.slice(0, 60))}: it is one of ${examples.join(", ")}`;
}

function parse(args: readonly string[]) {
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        example: { type: "string" },
        runtime: { type: "string" },
        yes: { ...flag, short: "y" },
        "no-install": flag,
        "no-git": flag,
        help: { ...flag, short: "h" },
        version: { ...flag, short: "V" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
