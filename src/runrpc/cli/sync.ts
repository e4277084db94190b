import type { Command } from "commander";
import type { SyncReport } from "../scaffold/project/sync.ts";
import { findProject } from "./app.ts";
import { exitCodes, type Io } from "./io.ts";

/** `runrpc sync`: what the implementations lack after a change of the protos. */
export function configure(command: Command, io: Io): void {
  command
    .option("--check", "change nothing, and end with 1 where something is to do")
    .addHelpText("after", notes)
    .action(async () => {
      const { check } = command.opts<{ check?: boolean }>();
      io.finish(check ? await report(io) : await sync(io));
    });
}

const notes = `
It compares the handlers of every service with the protos. A handler that is missing is inserted as a skeleton, which
answers UNIMPLEMENTED until it is written; one that was renamed, removed or is of another kind is told in a sentence, and left.
A service of your own protos that no file names is told as well, with how it is begun.
Then code is generated.

Examples:
  runrpc sync
  runrpc sync --check

Exit codes: 0 protos and handlers agree, skeletons that are left are listed; 1 something is to do, as is said.
`;

/** `--check`: says what there is to do. */
async function report(io: Io): Promise<number> {
  const { planSync } = await import("../scaffold/project/sync.ts");
  const { missing, problems, skeletons, unimplemented, isBehind } = await planSync(findProject());
  const todo = [
    ...(isBehind ? ["the generated code has other methods than the protos"] : []),
    ...missing,
    ...problems,
  ];
  io.stdout.write(todo.map((line) => `${line}\n`).join(""));
  if (missing.length > 0 || isBehind) io.stdout.write("Run `npx runrpc sync`.\n");
  showSkeletons(skeletons, io);
  io.stdout.write(unimplemented.map((line) => `${line}\n`).join(""));
  if (todo.length > 0) return exitCodes.failed;
  if (skeletons.length === 0) io.stdout.write("protos and handlers agree\n");
  return exitCodes.ok;
}

async function sync(io: Io): Promise<number> {
  const { planSync } = await import("../scaffold/project/sync.ts");
  const { carryOut } = await import("../scaffold/project/plan.ts");
  const { generateStep, runStep } = await import("../scaffold/project/steps.ts");
  const project = findProject();
  const generate = generateStep(project.folder);
  let found = await planSync(project);
  if (found.isUngenerated) {
    await runStep(project.folder, generate);
    found = await planSync(project);
  }
  const { changes, missing, problems, skeletons, unimplemented } = found;
  const steps = [generate];
  await carryOut(project.folder, { changes, steps, next: [] }, (line) => io.stdout.write(`${line}\n`));
  io.stdout.write(problems.map((line) => `${line}\n`).join(""));
  showSkeletons(skeletons, io);
  io.stdout.write(unimplemented.map((line) => `${line}\n`).join(""));
  if (missing.length > 0) io.stdout.write(`${missing.length} skeletons are to be written\n`);
  else if (problems.length === 0) io.stdout.write("protos and handlers agree: nothing is changed\n");
  return problems.length > 0 ? exitCodes.failed : exitCodes.ok;
}

function showSkeletons(skeletons: SyncReport["skeletons"], io: Io): void {
  if (skeletons.length === 0) return;
  io.stdout.write(
    `To be written, until then UNIMPLEMENTED:\n${skeletons.map((line) => `  ${line}\n`).join("")}`,
  );
}
