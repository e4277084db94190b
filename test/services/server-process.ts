import { once } from "node:events";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { startCommand } from "../runrpc/cli/run-command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** `runrpc serve` of the application, as a process of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  /** The development key; undefined where the database had one. */
  readonly key: string | undefined;
  /** Lines that it has logged since its start: one for each call that has ended, and a few more. */
  readonly lines: number;
  /** `kill -9`. Resolves when it has ended. */
  kill(): Promise<void>;
  /** SIGTERM. Gives the exit code, or the name of the signal that ended it. */
  stop(): Promise<number | string>;
}

/** Starts a server on a free port, or on the one that `flags` name, and waits until it listens. It is killed with its test file. */
export async function serve(database: string, ...flags: readonly string[]): Promise<ServerProcess> {
  const args = ["serve", "--host", "127.0.0.1", "--log-format", "json", "--database", database];
  const port = flags.includes("--port") ? [] : ["--port", "0"];
  const child = startCommand([...args, ...port, ...flags], { cwd: root });
  after(() => child.kill("SIGKILL"));
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string); // As Node documents it.
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(-4_000);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { url, developmentKey } = JSON.parse(line);
    if (typeof url !== "string") continue;
    let lines = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) lines += 1;
    });
    return {
      get lines() {
        return lines;
      },
      url,
      port: Number(new URL(url).port),
      key: developmentKey,
      async kill() {
        child.kill("SIGKILL");
        await ended;
      },
      stop() {
        child.kill("SIGTERM");
        return ended;
      },
    };
  }
  throw new Error(`the server ended with ${await ended}: ${said}`);
}

/** Waits for a state, and ends with what was missing. */
export async function until(what: () => string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 120_000; Date.now() < end; ) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`two minutes have gone, and still not: ${what()}`);
}
