import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../../..");

/**
 * Builds the client in a folder of its own, so that neither stub nor binary is committed, and gives the program's path.
 * The first time takes a minute or two and the module proxy; then Go's own cache has everything.
 */
export async function buildClient(go: string, folder: string): Promise<string> {
  await cp(import.meta.dirname, folder, { recursive: true });
  // buf calls `go tool`, and Go is perhaps on no PATH.
  const env = { ...process.env, PATH: [dirname(go), process.env.PATH].join(delimiter) };
  await run(
    join(root, "node_modules/.bin/buf"),
    ["generate", "--include-imports", join(root, "test/proto")],
    { cwd: folder, env },
  );
  // Without the paths of the folder in it, the build is found in the cache from any folder.
  await run(go, ["build", "-trimpath", "-o", "client", "."], { cwd: folder, env });
  return join(folder, "client");
}
