import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/**
 * A project whose application is the tests' own: the `runrpc` command finds it from here and from any folder in here.
 * It goes when the process of the test ends.
 */
export const project: string = mkdtempSync(join(tmpdir(), "runrpc-project-"));
process.once("exit", () => rmSync(project, { recursive: true, force: true }));

const main = relative(project, join(import.meta.dirname, "main.ts"));
writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module", runrpc: { main } }));

/** An empty folder in the project, such as for a database. */
export function makeFolder(): string {
  return mkdtempSync(join(project, "folder-"));
}
