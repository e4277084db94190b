import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A line of the server of `server.ts`. */
export type Line = Readonly<Record<string, unknown>>;

/** That server, running. */
export interface FaultyServer {
  readonly child: ChildProcess;
  readonly session: ClientHttp2Session;
  /**
   * The first finding for which `fits` holds; others that come before it are kept for those who ask for them. Throws when
   * none has come in a minute.
   */
  finding(fits: (line: Line) => boolean): Promise<Line>;
  /** Every line so far. */
  readonly lines: readonly Line[];
  /** The same, to be printed. */
  said(): string;
  /** Where a debugger may connect, once its inspector is open. */
  readonly debuggerUrl: Promise<string>;
  /** Drains it, and gives its exit code. */
  stop(): Promise<number | null>;
}

const MAX_WAIT_MS = 60_000;

const file = fileURLToPath(new URL("./server.ts", import.meta.url));
const sources = ["server", "deeds", "kinds"].map((name) => ({
  name,
  lines: readFileSync(new URL(`./${name}.ts`, import.meta.url), "utf8").split("\n"),
}));

/** Where the server's files say `// name`: `path/server.ts:12`. */
export function lineOf(name: string): string {
  for (const { name: file, lines } of sources) {
    const line = lines.findIndex((text) => text.endsWith(`// ${name}`)) + 1;
    if (line > 0) return `test/runrpc/debug/faults/${file}.ts:${line}`;
  }
  throw new Error(`no line ends with // ${name}`);
}

export interface FaultyServerOptions {
  /** The server has an interceptor. */
  readonly hasInterceptor?: boolean;
  /** Options of Node itself. */
  readonly flags?: readonly string[];
}

export async function startFaultyServer(
  lane: string,
  { hasInterceptor = false, flags = [] }: FaultyServerOptions = {},
): Promise<FaultyServer> {
  const args = [...process.execArgv, ...flags, file, lane, hasInterceptor ? "interceptor" : ""];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const debuggerUrl = Promise.withResolvers<string>();
  createInterface(child.stderr).on("line", (line) => {
    process.stderr.write(`${line}\n`);
    const [, url] = /^Debugger listening on (\S+)/.exec(line) ?? [];
    if (url !== undefined) debuggerUrl.resolve(url);
  });
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  createInterface(child.stdout).on("line", (line) => {
    lines.push(JSON.parse(line) as Line);
    for (const look of waiting) look();
  });
  const said = (): string => lines.map((line) => JSON.stringify(line)).join("\n");
  const find = (fits: (line: Line) => boolean): Promise<Line> =>
    new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${why}; the server said ${said()}`));
      const clock = setTimeout(fail, MAX_WAIT_MS, "what was waited for has not come").unref();
      const look = (): void => {
        const found = lines.find(fits);
        if (found === undefined) return;
        waiting.delete(look);
        clearTimeout(clock);
        resolve(found);
      };
      waiting.add(look);
      look();
      void ended.then(() => fail("the server has ended"));
    });
  const { port } = await find((line) => "port" in line);
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  return {
    child,
    session,
    lines,
    said,
    debuggerUrl: debuggerUrl.promise,
    finding: find,
    async stop() {
      session.destroy();
      child.kill("SIGTERM");
      return await ended;
    },
  };
}
