// Who follows a server from a terminal goes on when its workers are rolled, and when it is started again.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { after, it } from "node:test";
import { fileURLToPath } from "node:url";
import { connect } from "../../../src/runrpc/client.ts";
import { makeFolder } from "../../app/project.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { startCommand } from "../cli/run-command.ts";
import { startWorkers } from "./start-workers.ts";

const GIVE_UP_MS = 120_000;

const launcher = fileURLToPath(new URL("../../../src/runrpc/launch.js", import.meta.url));
const terminal = join(import.meta.dirname, "../../create/terminal.py");

/** `runrpc logs -f`, and the ids of the calls of users that it has printed. */
function followLogs(url: string, key: string) {
  const child = startCommand(["logs", "-f", "-n", "256", "--json"], {
    env: { RUNRPC_ADDRESS: url, RUNRPC_KEY: key },
  });
  after(() => child.kill("SIGKILL"));
  const ids: string[] = [];
  const said: string[] = [];
  const heard = new Set<() => void>();
  const read = (input: NodeJS.ReadableStream, take: (line: string) => void): void => {
    createInterface({ input }).on("line", (line) => {
      take(line);
      for (const hear of heard) hear();
    });
  };
  read(child.stdout, (line) => {
    const { method, code, requestId } = JSON.parse(line) as Readonly<Record<string, string>>;
    if (method === "rig.users.v1.UserService/ListUsers" && code === "ok") ids.push(requestId ?? "");
  });
  read(child.stderr, (line) => said.push(line));
  return {
    ids,
    said,
    async until(what: string, fits: () => boolean): Promise<void> {
      const giveUp = AbortSignal.timeout(GIVE_UP_MS);
      while (!fits()) {
        const told = Promise.withResolvers<void>();
        heard.add(told.resolve);
        giveUp.addEventListener("abort", () => told.resolve());
        await told.promise;
        heard.delete(told.resolve);
        assert.ok(!giveUp.aborted, `${what}: ${JSON.stringify({ ids, said })}`);
      }
    },
    async end(): Promise<unknown> {
      const ended = once(child, "close");
      child.kill("SIGINT");
      return ended;
    },
  };
}

/** One who calls again and again, each time over another connection; a call that fails is made again by another name. */
function startCaller(url: string, key: string) {
  const answered: string[] = [];
  let isOver = false;
  const running = (async () => {
    for (let n = 0; !isOver; n++) {
      using client = connect(url, UserService, { key, retry: false });
      const headers = { "x-request-id": `call-${n}` };
      await client.listUsers({}, { headers }).then(
        () => answered.push(`call-${n}`),
        () => {},
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return {
    answered,
    async end(): Promise<readonly string[]> {
      isOver = true;
      await running;
      return answered;
    },
  };
}

/** `runrpc top` on a terminal, on which is typed what is to be typed once its prompt is there. */
function watchTop(url: string, key: string, typed: readonly (readonly [prompt: string, keys: string])[]) {
  const child = spawn(
    "python3",
    [terminal, JSON.stringify(typed), process.execPath, launcher, "top", "--interval", "0.1"],
    {
      env: {
        ...process.env,
        RUNRPC_ADDRESS: url,
        RUNRPC_KEY: key,
        TERM: "xterm",
        COLUMNS: "160",
        LINES: "40",
      },
    },
  );
  after(() => child.kill("SIGKILL"));
  return { ended: Promise.all([once(child, "close"), text(child.stdout)]) };
}

const again = (said: readonly string[]): number =>
  said.filter((line) => line === "The server is there again.").length;

it("logs -f and top go on through a roll of all workers, and each call is told once", async () => {
  const workers = await startWorkers(["--monitor", "--log", "off"]);
  const { url, key } = workers;
  const logs = followLogs(url, key);
  const top = watchTop(url, key, [
    ["METHOD", ""],
    ["NOT THERE", ""],
    ["UserService/ListUsers", "q"],
  ]);
  const caller = startCaller(url, key);
  await logs.until("calls", () => logs.ids.length >= 10);
  let isOver = false;
  void top.ended.then(() => {
    isOver = true;
  });
  // It may not have begun to look when the first roll is over.
  for (let rolls = 1; rolls === 1 || !isOver; rolls++) {
    workers.signal("SIGHUP");
    await workers.until("a roll", ({ msg }) => msg === "all workers were replaced", rolls);
    await logs.until("that it goes on", () => again(logs.said) >= rolls);
  }
  const [[code], printed] = await top.ended;
  assert.equal(code, 0, printed);
  const answered = await caller.end();
  await logs.until("the last call", () => logs.ids.includes(answered.at(-1) ?? "?"));
  assert.deepEqual(await logs.end(), [130, null]);
  assert.deepEqual(logs.ids.toSorted(), answered.toSorted(), logs.said.join("\n"));
  workers.signal("SIGTERM");
  assert.deepEqual(await workers.ended, [0, null]);
});

it("logs -f goes on with a server that is started again, drained or killed, and tells no call twice", async () => {
  const cwd = makeFolder();
  const start = (port: string) =>
    startWorkers(["--workers", "1", "--monitor", "--log", "off", "--port", port], { cwd });
  let server = await start("0");
  const { url, key } = server;
  const { port } = new URL(url);
  const logs = followLogs(url, key);
  const told: string[] = [];
  for (const [round, signal] of (["SIGTERM", "SIGKILL"] as const).entries()) {
    {
      using client = connect(url, UserService, { key, retry: false });
      for (let n = 0; n < 5; n++) {
        told.push(`round-${round}-${n}`);
        await client.listUsers({}, { headers: { "x-request-id": `round-${round}-${n}` } });
      }
      await logs.until("the calls of a round", () => logs.ids.length === told.length);
    }
    server.signal(signal);
    await server.ended;
    await logs.until(
      "that it is gone",
      () => logs.said.filter((line) => line.endsWith("trying again…")).length > round,
    );
    server = await start(port);
    await logs.until("that it is there again", () => again(logs.said) > round);
  }
  assert.deepEqual(logs.ids, told);
  assert.deepEqual(await logs.end(), [130, null]);
  server.signal("SIGTERM");
  await server.ended;
});
