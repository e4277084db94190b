import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { startBrowser } from "../wire/browser/chromium.ts";
import { grpcurl, python } from "../wire/tools.ts";
import type { Host } from "./host.ts";
import { methods, type Seen } from "./methods.ts";
import { runIn, type Serving } from "./project.ts";

type Server = Pick<Serving, "url" | "key">;

/** grpcurl, which learns the contract by reflection. */
export async function seenByGrpcurl(project: string, host: Host, server: Server): Promise<Seen> {
  const seen: Record<string, readonly number[]> = {};
  for (const { name, requests } of methods) {
    const messages = requests.map((number) => JSON.stringify({ number })).join("");
    const args = ["-plaintext", "-H", `x-api-key: ${server.key}`, "-d", messages];
    const target = [new URL(server.url).host, `parcels.v1.ParcelService/${name}`];
    const printed = await runIn(project, host, grpcurl().path, ...args, ...target);
    seen[name] = [...printed.matchAll(/"seen": (\d+)/g)].map(([, digits]) => Number(digits));
  }
  return seen;
}

/** Python's grpcio, with stubs that it makes of the project's contract and of those that the package brings. */
export async function seenByPython(project: string, host: Host, server: Server): Promise<Seen> {
  const stubs = join(project, "stubs");
  mkdirSync(stubs);
  const own = "parcels/v1/parcels.proto";
  const imported = ["runrpc/options/v1/options.proto", "buf/validate/validate.proto"];
  const folders = ["-Iproto", "-Inode_modules/runrpc/proto"];
  const outs = [`--python_out=${stubs}`, `--grpc_python_out=${stubs}`];
  await runIn(project, host, python().path, "-m", "grpc_tools.protoc", ...folders, ...outs, own, ...imported);
  const asked = methods.map(({ name, kind, requests }) => [name, kind, requests]);
  const args = [stubs, new URL(server.url).host, server.key, JSON.stringify(asked)];
  const printed = await runIn(project, host, python().path, join(import.meta.dirname, "client.py"), ...args);
  return Object.fromEntries(
    printed
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as [string, readonly number[]]), // as client.py prints them
  );
}

/** The page of a project as bundlers for browsers make it: `runrpc/client` over connect-web, and the generated service. */
export async function bundleIn(project: string): Promise<string> {
  const page = join(project, "page.js");
  copyFileSync(join(import.meta.dirname, "page.js"), page);
  const { outputFiles } = await build({
    entryPoints: [page],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "browser",
    logLevel: "silent",
  });
  return outputFiles.map(({ text }) => text).join("");
}

/** What a page calls with, as page.js takes it. */
interface PageCall extends Server {
  readonly protocol: "connect" | "grpc-web";
  readonly method: string;
  readonly number: number;
}

/** Chromium, from a page of another origin; a browser sends no streams. */
export async function seenByChromium(
  path: string,
  origin: string,
  { url, key }: Server,
  protocol: PageCall["protocol"],
): Promise<Seen> {
  const browser = await startBrowser(path);
  try {
    const page = await browser.open(origin);
    const call = page.call as unknown as (given: PageCall) => Promise<readonly number[]>; // page.js's own
    const seen: Record<string, readonly number[]> = {};
    for (const { name, requests } of methods) {
      const [number, ...more] = requests;
      if (more.length > 0) continue;
      seen[name] = await call({ url, key, protocol, method: name.toLowerCase(), number });
    }
    return seen;
  } finally {
    await browser.close();
  }
}
