import { type Command, Option } from "commander";
import { type MethodKind, methodKinds } from "../scaffold/method-text.ts";
import type { Plan } from "../scaffold/project/plan.ts";
import { findProject } from "./app.ts";
import { type Io, usageError } from "./io.ts";
import { scopesFrom } from "./settle-scopes.ts";

interface MethodOptions {
  readonly kind: MethodKind;
  readonly scope?: readonly string[] | undefined;
  readonly dryRun?: boolean | undefined;
}

/** `runrpc add`: a service, or a method of one, into the project of the working directory. */
export function configure(command: Command, io: Io): void {
  command.addHelpText("after", notes);
  const dryRun = ["--dry-run", "print what would change as a diff, and change nothing"] as const;
  command
    .command("service")
    .description("a service that keeps something: proto, table, queries, implementation, test, registration")
    .argument("<name>", "with package and version, such as parcels.v1.ParcelService")
    .option(...dryRun)
    .action(async (name: string, { dryRun: isDry }: { dryRun?: boolean }) => {
      const { planService } = await import("../scaffold/project/add-service.ts");
      const { serviceNames } = await import("../scaffold/service-names.ts");
      asUsage(() => serviceNames(name));
      const project = findProject();
      await finish(project.folder, await planService(project, name), `${name} is there`, isDry, io);
    });
  command
    .command("method")
    .description("a method: its rpc and messages in the proto, and a skeleton of its handler")
    .argument("<service>", "with package and version, such as parcels.v1.ParcelService")
    .argument("<method>", "such as Track")
    .addOption(new Option("--kind <kind>", "which of the four kinds").choices(methodKinds).default("unary"))
    .option("--scope <scope...>", "what a caller's key has to have; by default what the name suggests")
    .option(...dryRun)
    .action(async (service: string, method: string, { kind, scope: given, dryRun: isDry }: MethodOptions) => {
      const { planMethod } = await import("../scaffold/project/add-method.ts");
      const { checkMethodName } = await import("../scaffold/method-text.ts");
      asUsage(() => checkMethodName(method));
      const scopes = given === undefined ? undefined : checkedScopes(given);
      const project = findProject();
      const plan = await planMethod(project, { service, method, kind, scopes });
      await finish(project.folder, plan, `${method} of ${service} is there`, isDry, io);
    });
}

const notes = `
Files that are there keep every byte but what is inserted; where that cannot be done with certainty, nothing is changed, and
what to write is printed. Then the project's own scripts run: generate, and migration for a service; new files are formatted.
What is there already is left: a second run changes nothing.

Examples:
  runrpc add service parcels.v1.ParcelService --dry-run
  runrpc add service parcels.v1.ParcelService
  runrpc add method parcels.v1.ParcelService Track --kind server-streaming
  runrpc add method parcels.v1.ParcelService Count --scope parcels.read

Exit codes: 0 it is there; 1 nothing was changed, or a script failed, as is said; 2 a name is wrong.
`;

/** Scopes of letters that nothing has to escape, so that a key can be given them on any command line. */
function checkedScopes(given: readonly string[]): readonly string[] {
  const scopes = scopesFrom(given);
  const odd = scopes.find((scope) => !/^[\w.:/*-]{1,100}$/.test(scope));
  if (odd !== undefined || scopes.length === 0)
    throw usageError(
      `--scope is ${JSON.stringify((odd ?? given.join(" ")).slice(0, 100))}: write it as parcels.read`,
    );
  return scopes;
}

/** A name that is wrong is the command line's fault. */
function asUsage(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error));
  }
}

async function finish(
  folder: string,
  plan: Plan | undefined,
  isThere: string,
  isDry: boolean | undefined,
  io: Io,
): Promise<void> {
  if (plan === undefined) {
    io.stdout.write(`${isThere} already: nothing is changed\n`);
    return;
  }
  if (isDry) {
    io.stdout.write(plan.changes.diff());
    io.stderr.write(plan.steps.map(({ words }) => `would run  ${words}\n`).join(""));
    return;
  }
  const { carryOut } = await import("../scaffold/project/plan.ts");
  await carryOut(folder, plan, (line) => io.stdout.write(`${line}\n`));
  if (plan.next.length > 0) io.stdout.write(`\nNext:\n${plan.next.map((line) => `  ${line}\n`).join("")}`);
}
