import { execFile } from "node:child_process";
import { cp, mkdir, readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const folder = fileURLToPath(new URL("./go/", import.meta.url));
const proto = fileURLToPath(new URL("../proto/", import.meta.url));
const cache = fileURLToPath(new URL("../../node_modules/.cache/bench-go/", import.meta.url));
const kinds = fileURLToPath(new URL("../../test/runrpc/codec/proto/", import.meta.url));
const buf = fileURLToPath(new URL("../../node_modules/.bin/buf", import.meta.url));

/** What generates the stubs, at exact versions. */
const plugins = [
  "google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12",
  "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.1",
  "connectrpc.com/connect/cmd/protoc-gen-connect-go@v1.21.1",
];

/** The two programs, and the versions of Go and of what they are made of. */
export interface GoServers {
  readonly grpc: string;
  readonly connect: string;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Builds grpc-go's and connect-go's server, in node_modules/.cache so that no binary or stub is committed. The first
 * time takes a minute and the module proxy. Undefined, with the reason printed, where there is no Go.
 */
export async function buildGo(): Promise<GoServers | undefined> {
  try {
    const env = await generateGo();
    await run("go", ["build", "-o", "bin/", "./grpc", "./connect"], { cwd: cache, env });
    const { stdout } = await run("go", ["env", "GOVERSION"]);
    const modules = await readFile(`${cache}go.mod`, "utf8");
    const versionOf = (module: string) => modules.match(`${module} v([^\\s]+)`)?.[1] ?? "unknown";
    const versions = {
      go: stdout.trim().replace("go", ""),
      "grpc-go": versionOf("google.golang.org/grpc"),
      "connect-go": versionOf("connectrpc.com/connect"),
    };
    return { grpc: `${cache}bin/grpc`, connect: `${cache}bin/connect`, versions };
  } catch (error) {
    console.log(`Go is left out: ${firstLine(error)}`);
    return undefined;
  }
}

/** The path of the program with Go's codecs, which is built alike. Undefined, with the reason printed, where there is no Go. */
export async function buildGoCodec(): Promise<string | undefined> {
  try {
    const env = await generateGo();
    await run(buf, ["generate", kinds, "--template", "codec/buf.gen.yaml"], { cwd: cache });
    await run("go", ["build", "-o", "bin/", "./codec"], { cwd: cache, env });
    return `${cache}bin/codec`;
  } catch (error) {
    console.log(`Go is left out: ${firstLine(error)}`);
    return undefined;
  }
}

/** Copies the programs into the cache, with the messages of the benchmark. Gives the environment to build them in. */
async function generateGo(): Promise<NodeJS.ProcessEnv> {
  await mkdir(`${cache}bin`, { recursive: true });
  await cp(folder, cache, { recursive: true });
  const env = { ...process.env, GOBIN: `${cache}bin` };
  for (const plugin of plugins) {
    const name = plugin.slice(plugin.lastIndexOf("/") + 1, plugin.indexOf("@"));
    if (!(await exists(`${cache}bin/${name}`))) await run("go", ["install", plugin], { env });
  }
  await run(buf, ["generate", proto], { cwd: cache });
  return env;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n").slice(0, 2).join(" ");
}
