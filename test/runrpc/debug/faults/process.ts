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
  /** Drains it, and gives its exit code. */
  stop(): Promise<number | null>;
}

const MAX_WAIT_MS = 60_000;

const file = fileURLToPath(new URL("./server.ts", import.meta.url));
const source = readFileSync(file, "utf8").split("\n");

/** Where the server's file says `// name`: `path/server.ts:12`. */
export function lineOf(name: string): string {
  const line = source.findIndex((text) => text.endsWith(`// ${name}`)) + 1;
  if (line === 0) throw new Error(`no line of ${file} ends with // ${name}`);
  return `test/runrpc/debug/faults/server.ts:${line}`;
}

export async function startFaultyServer(lane: string): Promise<FaultyServer> {
  const child = spawn(process.execPath, [...process.execArgv, file, lane], {
    stdio: ["ignore", "pipe", "inherit"],
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
    finding: find,
    async stop() {
      session.destroy();
      child.kill("SIGTERM");
      return await ended;
    },
  };
}
