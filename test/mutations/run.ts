// Makes each mutation of mutations.ts in a copy of the tree, and runs the tests that have to see it: `npm run mutations`,
// or `npm run mutations -- deadline` for those with this word in their name. It ends with 1 when one goes unseen.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mutations } from "./mutations.ts";

/** A test that has not ended by then sees the mutation as well: it hangs. In milliseconds. */
const TEST_TIMEOUT_MS = 60_000;

const root = join(import.meta.dirname, "../..");
const words = process.argv.slice(2);
const chosen = mutations.filter(({ name }) => words.every((word) => name.includes(word)));
const copy = await mkdtemp(join(tmpdir(), "runrpc-mutations-"));
let unseen = 0;
try {
  for (const part of ["src", "test", "gen", "proto", "bench", "package.json", "tsconfig.json"]) {
    await cp(join(root, part), join(copy, part), {
      recursive: true,
      filter: (path) => !path.includes("/bench/node_modules"),
    });
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  const tests = [...new Set(chosen.flatMap((mutation) => mutation.tests))];
  if (!(await passes(tests))) throw new Error("the tests fail without a mutation: mend that first");
  for (const { name, file, from, to, tests } of chosen) {
    const path = join(copy, "src/runrpc", file);
    const source = await readFile(path, "utf8");
    if (source.split(from).length !== 2)
      throw new Error(`${file} does not hold this once, for "${name}": ${from}`);
    await writeFile(
      path,
      source.replace(from, () => to),
    );
    const isSeen = !(await passes(tests));
    await writeFile(path, source);
    if (!isSeen) unseen++;
    console.log(`${isSeen ? "seen  " : "UNSEEN"}  ${name}`);
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
console.log(`${chosen.length} mutations, ${unseen} unseen`);
process.exitCode = unseen > 0 ? 1 : 0;

async function passes(tests: readonly string[]): Promise<boolean> {
  const files = tests.map((test) => join(copy, "test/runrpc", test));
  const args = [
    "--conditions=runrpc-source",
    "--test",
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    "--test-force-exit",
    ...files,
  ];
  const child = spawn(process.execPath, args, { cwd: copy, stdio: "ignore" });
  const [code] = (await once(child, "close")) as [number | null]; // as node documents the event
  return code === 0;
}
