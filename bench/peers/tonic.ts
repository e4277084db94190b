import { execFile } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const folder = fileURLToPath(new URL("./tonic/", import.meta.url));
const proto = fileURLToPath(new URL("../proto/", import.meta.url));
const cache = fileURLToPath(new URL("../../node_modules/.cache/bench-tonic/", import.meta.url));
const buf = fileURLToPath(new URL("../../node_modules/.bin/buf", import.meta.url));

/** The program, and the versions of Rust and of what it is made of. */
export interface TonicServer {
  readonly program: string;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Builds tonic's server for release, in node_modules/.cache so that no binary is committed. The first time takes a minute
 * or two and the registry of crates. Undefined, with the reason printed, where there is no cargo.
 */
export async function buildTonic(): Promise<TonicServer | undefined> {
  try {
    const { stdout } = await run("rustc", ["--version"]);
    await mkdir(cache, { recursive: true });
    // What has not changed keeps its time, or cargo would build it anew.
    await cp(folder, cache, { recursive: true, preserveTimestamps: true });
    await writeDescriptors(`${cache}bench.binpb`);
    await run("cargo", ["build", "--release", "--locked", "--quiet"], { cwd: cache });
    const lock = await readFile(`${cache}Cargo.lock`, "utf8");
    const tonic = /name = "tonic"\nversion = "([^"]+)"/.exec(lock)?.[1] ?? "unknown";
    return {
      program: `${cache}target/release/tonic-bench`,
      versions: { rustc: stdout.split(" ")[1] ?? "unknown", tonic },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`tonic is left out: ${reason.split("\n").slice(0, 2).join(" ")}`);
    return undefined;
  }
}

async function writeDescriptors(file: string): Promise<void> {
  const output = ["--as-file-descriptor-set", "--output", "-#format=binpb"];
  const { stdout } = await run(buf, ["build", proto, ...output], { encoding: "buffer" });
  const known = await readFile(file).catch(() => undefined);
  if (known?.equals(stdout) !== true) await writeFile(file, stdout);
}
