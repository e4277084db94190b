// Makes each mutation of mutations.ts in a copy of the tree, and runs the tests that have to see it: `npm run mutations`,
// `npm run mutations -- deadline` for those with this word in their name, `--part 2/5` for a fifth of them, and `--minutes 10`
// to begin none after that. It ends with 1 when one goes unseen (`UNSEEN`), when the text that it changes is gone (`GONE`),
// or when its tests fail without it (`BROKEN`).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { type Mutation, mutations } from "./mutations.ts";

/** A test that has not ended by then sees the mutation as well: it hangs. More than the minute of those that tell what was missing. */
const TEST_TIMEOUT_MS = 100_000;

const root = join(import.meta.dirname, "../..");
const { values, positionals: words } = parseArgs({
  options: { part: { type: "string", default: "1/1" }, minutes: { type: "string", default: "Infinity" } },
  allowPositionals: true,
});
const endsAtMs = performance.now() + Number(values.minutes) * 60_000;
const named = mutations.filter(({ name }) => words.every((word) => name.includes(word)));
const chosen = partOf(named, values.part);
const copy = await mkdtemp(join(tmpdir(), "runrpc-mutations-"));
const missed: string[] = [];
let done = 0;
try {
  for (const part of ["src", "test", "gen", "proto", "bench", "package.json", "tsconfig.json"]) {
    await cp(join(root, part), join(copy, part), {
      recursive: true,
      filter: (path) => !path.includes("/bench/node_modules"),
    });
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  const good = new Set<string>();
  for (const mutation of chosen) {
    if (performance.now() > endsAtMs) break;
    const untried = mutation.tests.filter((test) => !good.has(test));
    const startedAtMs = performance.now();
    const isGood = untried.length === 0 || (await outcomeOf(untried)) === "passes";
    if (isGood) for (const test of untried) good.add(test);
    const seen = isGood ? await look(mutation) : "BROKEN";
    const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
    if (seen !== "seen" && seen !== "hangs") missed.push(mutation.name);
    console.log(`${seen.padEnd(6)}  ${mutation.name} (${seconds} s)`);
    done++;
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
const left = chosen.length - done;
console.log(`${done} mutations, ${missed.length} unseen${left > 0 ? `, ${left} not tried` : ""}`);
for (const name of missed) console.log(`  ${name}`);
process.exitCode = missed.length > 0 ? 1 : 0;

/** Every n-th one, such as `2/5`: slow ones, which are neighbours, are in different parts. */
function partOf(all: readonly Mutation[], part: string): readonly Mutation[] {
  const [, index, count] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(part) ?? [];
  if (index === undefined || count === undefined || Number(index) > Number(count))
    throw new Error(`--part ${part} is no part such as 2/5`);
  return all.filter((_, at) => at % Number(count) === Number(index) - 1);
}

/** `hangs`: seen by nothing but a test's time-out, which a loaded machine may have reached without the mutation. */
async function look({ file, from, to, tests }: Mutation): Promise<"seen" | "hangs" | "UNSEEN" | "GONE"> {
  const path = join(copy, "src/runrpc", file);
  const source = await readFile(path, "utf8").catch(() => "");
  if (source.split(from).length !== 2) return "GONE";
  await writeFile(
    path,
    source.replace(from, () => to),
  );
  const outcome = await outcomeOf(tests);
  await writeFile(path, source);
  return outcome === "passes" ? "UNSEEN" : outcome === "hangs" ? "hangs" : "seen";
}

async function outcomeOf(tests: readonly string[]): Promise<"passes" | "fails" | "hangs"> {
  const files = tests.map((test) => join(copy, "test/runrpc", test));
  const args = [
    "--conditions=runrpc-source",
    "--test",
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    "--test-force-exit",
    "--test-reporter=tap",
    ...files,
  ];
  const child = spawn(process.execPath, args, { cwd: copy, stdio: ["ignore", "pipe", "ignore"] });
  const closed = once(child, "close") as Promise<[number | null]>; // as node documents the event
  const told = await text(child.stdout);
  const [code] = await closed;
  if (code === 0) return "passes";
  const failures = told.match(/failureType: '(?!subtestsFailed|cancelledByParent)\w+'/g) ?? [];
  return failures.length > 0 && failures.every((failure) => failure.includes("testTimeoutFailure"))
    ? "hangs"
    : "fails";
}
