import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

/** The release of the suite that the counts in the README come from. */
export const VERSION = "v1.0.5";

const MODULE = "connectrpc.com/conformance/cmd/connectconformance";

/**
 * The path of the suite's test runner, which is built with Go on first use and kept under node_modules/.cache.
 *
 * @throws Error that says what is missing, when there is no Go or the build fails.
 */
export function installSuite(projectFolder: string): string {
  const folder = join(projectFolder, "node_modules", ".cache", `connectconformance-${VERSION}`);
  const binary = join(folder, "connectconformance");
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const { error, status } = spawnSync("go", ["install", `${MODULE}@${VERSION}`], {
    env: { ...process.env, GOBIN: folder },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (error !== undefined)
    throw new Error(
      `the conformance suite is built with Go, which does not start (${error.message}): install Go 1.22 or later, https://go.dev/dl`,
    );
  if (status !== 0) throw new Error(`go install ${MODULE}@${VERSION} failed with exit code ${status}`);
  return binary;
}
