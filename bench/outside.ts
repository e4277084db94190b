import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { envelope } from "./load/grpc.ts";
import { methodPath } from "./load/workloads.ts";
import { echoJson, requests } from "./messages.ts";
import type { PeerSpec } from "./peers/list.ts";
import { startPeer } from "./peers/start.ts";
import { rounded } from "./results.ts";

const run = promisify(execFile);

const proto = fileURLToPath(new URL("./proto/", import.meta.url));
const cache = fileURLToPath(new URL("../node_modules/.cache/runrpc/bin", import.meta.url));

/** Servers that other people's tools look at: enough to see whether they say the same. */
const peers = ["runrpc auto", "node:http2 by hand", "grpc-js", "grpc-go", "tonic"];

/** A program that loads the port for so many seconds, and tells how many calls were answered well. */
type Tool = (port: number, seconds: number) => Promise<number>;

/**
 * The server's CPU time for each unary call under h2load and ghz, with the connections and calls of the first measure. A
 * tool that is not there is left out, with the reason printed.
 */
export async function measureOutside(
  specs: readonly PeerSpec[],
  folder: string,
  seconds: number,
): Promise<Record<string, Record<string, number>>> {
  const figures: Record<string, Record<string, number>> = {};
  for (const [name, tool] of await toolsIn(folder)) {
    const byPeer: Record<string, number> = {};
    for (const spec of specs.filter((each) => peers.includes(each.name) && each.serves.includes("grpc"))) {
      process.stdout.write(`\r${name}: ${spec.name}            `);
      byPeer[spec.name] = await measure(spec, tool, seconds);
    }
    process.stdout.write("\r");
    figures[name] = byPeer;
  }
  return figures;
}

async function measure(spec: PeerSpec, tool: Tool, seconds: number): Promise<number> {
  const peer = await startPeer(await spec.command(), spec.environment);
  try {
    await tool(peer.port, Math.min(seconds, 2)); // to warm up
    const before = await peer.stats();
    const count = await tool(peer.port, seconds);
    const after = await peer.stats();
    return rounded((after.cpuUs - before.cpuUs) / count);
  } finally {
    await peer.stop();
  }
}

async function toolsIn(folder: string): Promise<ReadonlyMap<string, Tool>> {
  const tools = new Map<string, Tool>();
  const h2load = programNamed("h2load");
  const ghz = programNamed("ghz");
  if (h2load !== undefined) {
    const body = join(folder, "echo.grpc");
    await writeFile(body, envelope(requests.echo));
    tools.set("h2load", (port, seconds) => runH2load(h2load, body, port, seconds));
  }
  if (ghz !== undefined) tools.set("ghz", (port, seconds) => runGhz(ghz, port, seconds));
  return tools;
}

/** It looks at the HTTP status alone: that answers are right is what the other loads look at. */
async function runH2load(program: string, body: string, port: number, seconds: number): Promise<number> {
  const load = ["-c16", "-m4", "-t1", `-D${seconds}`, `-d${body}`];
  const headers = ["-Hcontent-type: application/grpc+proto", "-Hte: trailers"];
  const { stdout } = await run(program, [
    ...load,
    ...headers,
    `http://127.0.0.1:${port}${methodPath("Echo")}`,
  ]);
  const [, succeeded, failed, errored] =
    /(\d+) succeeded, (\d+) failed, (\d+) errored/.exec(stdout)?.map(Number) ?? [];
  if (succeeded === undefined || succeeded === 0 || failed !== 0 || errored !== 0)
    throw new Error(`h2load: ${stdout}`);
  return succeeded;
}

async function runGhz(program: string, port: number, seconds: number): Promise<number> {
  const load = ["--connections=16", "--concurrency=64", `--duration=${seconds}s`, "--duration-stop=wait"];
  const call = [
    "--insecure",
    `--proto=${join(proto, "bench/v1/bench.proto")}`,
    `--import-paths=${proto}`,
    "--call=bench.v1.BenchService/Echo",
    `--data=${JSON.stringify(echoJson)}`,
  ];
  const { stdout } = await run(program, [...load, ...call, `127.0.0.1:${port}`]);
  const [, codes = ""] = /Status code distribution:\n([\s\S]*?)\n\n/.exec(stdout) ?? [];
  const [, answered] = /^ *\[OK\] +(\d+) responses *$/.exec(codes) ?? [];
  if (answered === undefined) throw new Error(`ghz: ${stdout}`);
  return Number(answered);
}

function programNamed(name: string): string | undefined {
  const folders = [cache, ...(process.env.PATH ?? "").split(delimiter)];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found === undefined) console.log(`${name} is left out: it is not installed; .ci/tools does so`);
  return found;
}
