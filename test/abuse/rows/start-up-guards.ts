import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { makeFolder } from "../../app/project.ts";
import { type Outcome, type RunOptions, startCommand } from "../../runrpc/cli/run-command.ts";
import type { Row } from "../row.ts";

/** What is wrong in flags, environment, file or surroundings, and a word that the sentence must hold. */
interface Start {
  readonly title: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The text of the configuration file. */
  readonly file?: string;
  readonly says: RegExp;
}

/** A start that has not ended by then was none that is refused. */
const START_MS = 15_000;

const STARTS: readonly Start[] = [
  { title: "an unknown flag", args: ["--prot", "1"], says: /--prot/ },
  { title: "a port above 65535", args: ["--port", "65536"], says: /port/ },
  { title: "a port that is no number", args: ["--port", "http"], says: /port/ },
  { title: "a limit of 0", args: ["--max-request-bytes", "0"], says: /max.request.bytes/ },
  { title: "a negative timeout", args: ["--drain-timeout-ms=-1"], says: /drain.timeout.ms/ },
  { title: "a lane that is none", args: ["--lane", "slow"], says: /lane/ },
  { title: "a variable that is none", env: { RUNRPC_PROT: "1" }, says: /RUNRPC_PROT/ },
  { title: "a variable out of range", env: { RUNRPC_PORT: "-1" }, says: /PORT|port/ },
  { title: "a file with an unknown name", file: "server:\n  prot: 1\n", says: /prot/ },
  { title: "a file with a wrong type", file: "server:\n  port: [1]\n", says: /port/ },
  { title: "a file that is no YAML", file: "server: [\n", says: /yaml/i },
  { title: "a file with a name twice", file: "server:\n  port: 1\n  port: 2\n", says: /unique/ },
  { title: "a file that is not there", args: ["--config", "missing.yaml"], says: /missing\.yaml/ },
  {
    title: "a certificate that is not there",
    args: ["--tls-key-file", "key.pem", "--tls-cert-file", "cert.pem"],
    says: /\.pem/,
  },
  { title: "a certificate without its key", args: ["--tls-cert-file", "runrpc.yaml"], says: /key/ },
  {
    title: "a certificate that is none",
    args: ["--tls-key-file", "text", "--tls-cert-file", "text"],
    says: /text/,
  },
  { title: "an old version of TLS", args: ["--tls-min-version", "TLSv1.1"], says: /TLS/ },
  { title: "an origin that is none", args: ["--cors-origins", "example.com/"], says: /example\.com/ },
  { title: "a database that is a folder", args: ["--database", "folder"], says: /folder/ },
  { title: "a database that is no database", args: ["--database", "text"], says: /text/ },
  { title: "a host that is none", args: ["--host", "no.such.host.invalid"], says: /no\.such\.host/ },
];

/** Starts that must not be: each ends with a code above 0 and a sentence that names what is wrong, and leaves no port open. */
export const startUpGuards: Row = {
  name: "start-up guards",
  isOfNoLane: true,
  async attack(arena) {
    const folder = makeFolder();
    await mkdir(join(folder, "folder"));
    await writeFile(
      join(folder, "text"),
      "this is a text, and longer than the head of a database would be ".repeat(20),
    );
    const chosen = STARTS.filter((_, index) => index % arena.rounds(1, 4) === 0);
    for (const { title, args = [], env = {}, file, says } of chosen) {
      await arena.attempt(title, async () => {
        const cwd = await mkdtemp(join(folder, "start-"));
        await writeFile(join(cwd, "runrpc.yaml"), file ?? "");
        const where = args.map((each) => (each === "text" || each === "folder" ? join(folder, each) : each));
        const port =
          args.some((each) => each.startsWith("--port")) || file !== undefined ? [] : ["--port", "0"];
        refused(await start(["serve", ...port, ...where], { cwd, env }), says);
      });
    }
    await arena.attempt("a taken port", async () => {
      const other = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => other.once("listening", resolve));
      const { port } = other.address() as { port: number }; // of TCP
      const cwd = await mkdtemp(join(folder, "start-"));
      refused(
        await start(["serve", "--host", "127.0.0.1", "--port", `${port}`], { cwd }),
        new RegExp(`${port}`),
      );
      other.close();
    });
  },
};

/** Starts the server and waits for its end, which comes by force when it did start. */
async function start(args: readonly string[], options: RunOptions): Promise<Outcome> {
  const child = startCommand(args, options);
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
  const [[code], stdout, stderr] = await Promise.all([
    once(child, "close") as Promise<[number | null]>, // as node documents the event
    text(child.stdout),
    text(child.stderr),
  ]);
  clearTimeout(timer);
  return { code, stdout, stderr };
}

function refused({ code, stdout, stderr }: Outcome, says: RegExp): void {
  assert.ok(code !== null && code > 0 && code < 128, `it ended with ${code}: ${stdout}${stderr}`);
  assert.match(stderr, /^error: /);
  assert.match(stderr, says);
  assert.doesNotMatch(stderr, /\n\s+at /, "a stack is no sentence");
  assert.doesNotMatch(stdout, /listens on|rr_/);
}
