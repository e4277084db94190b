import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import { startTestApp, type TestApp } from "runrpc/testing";
import { WatchResponseSchema } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { topScreen } from "../../../src/runrpc/cli/top-screen.ts";
import definition from "../../app/main.ts";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { runCommand } from "./run-command.ts";

const launcher = fileURLToPath(new URL("../../../src/runrpc/launch.js", import.meta.url));
const terminal = join(import.meta.dirname, "../../create/terminal.py");
const users = "rig.users.v1.UserService";

describe("runrpc top and runrpc logs", () => {
  let app: TestApp;
  let env: Record<string, string>;
  before(async () => {
    app = await startTestApp(definition, { config: { "monitor.enabled": "true", "log.mode": "all" } });
    env = { RUNRPC_ADDRESS: app.url, RUNRPC_KEY: app.key };
  });
  after(() => app[Symbol.asyncDispose]());

  /** Runs a command on a terminal of its own, and types what is to be typed once its prompt is there. */
  async function onTerminal(
    args: readonly string[],
    typed: readonly (readonly [prompt: string, keys: string])[],
  ) {
    const child = spawn("python3", [terminal, JSON.stringify(typed), process.execPath, launcher, ...args], {
      env: { ...process.env, ...env, TERM: "xterm", COLUMNS: "160", LINES: "40" },
    });
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => {
      printed += chunk;
    });
    const [code] = await once(child, "close");
    return { code, printed };
  }

  it("top shows methods and open calls on a screen of its own, and gives the terminal back at q", async () => {
    const leave = new AbortController();
    async function* requests() {
      yield { room: "a", text: "b" };
      await new Promise(() => {});
    }
    const options = { headers: { "x-request-id": "chat-on-top" }, signal: leave.signal };
    const chatting = Array.fromAsync(app.client(ChatService).chat(requests(), options)).catch(() => {});
    const { code, printed } = await onTerminal(["top", "--interval", "0.1"], [["chat-on-top", "q"]]);
    leave.abort();
    await chatting;
    assert.equal(code, 0, printed);
    assert.ok(
      printed.includes("\x1b[?1049h") && printed.trimEnd().endsWith("\x1b[?1049l"),
      JSON.stringify(printed),
    );
    assert.match(printed, /METHOD +KIND +CALLS\/S/);
    assert.match(printed, /rig\.chat\.v1\.ChatService\/Chat +bidi/);
    assert.match(printed, /up [\d.]+ m?s {2}\d+ open calls? {2}\d+ connections? {2}loop \d+ % busy/);
  });

  it("top ends by Ctrl-C with 130, and the terminal is given back", async () => {
    const { code, printed } = await onTerminal(["top", "--interval", "0.1"], [["METHOD", "\x03"]]);
    assert.equal(code, 130);
    assert.ok(printed.includes("\x1b[?1049l"));
  });

  it("top prints one look where there is no terminal", async () => {
    const { code, stdout, stderr } = await runCommand(["top", "--interval", "0.1"], { env });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^runrpc top {2}http:\/\/127\.0\.0\.1:\d+ .*\n/);
    assert.ok(!stdout.includes("\x1b"));
  });

  it("logs lists calls, the latest last, by their method and code", async () => {
    const { listUsers, getUser } = app.client(UserService);
    await listUsers({}, { headers: { "x-request-id": "logged-1" } });
    const id = "00000000-0000-4000-8000-0000000000ff";
    await assert.rejects(getUser({ id }, { headers: { "x-request-id": "logged-2" } }));
    let lines: string[] = [];
    while (!lines.some((line) => line.includes("logged-2"))) {
      const { code, stdout, stderr } = await runCommand(["logs", "--method", users], { env });
      assert.deepEqual([code, stderr], [0, ""]);
      lines = stdout.trim().split("\n");
    }
    assert.match(lines.at(-2) ?? "", /UserService\/ListUsers {2}ok {2}[\d.]+ ms {2}grpc .*logged-1$/);
    assert.match(lines.at(-1) ?? "", /UserService\/GetUser {2}not_found .*logged-2 {2}/);
    const errors = await runCommand(["logs", "--method", users, "--code", "error", "--json"], { env });
    assert.deepEqual(
      errors.stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { requestId: string }).requestId),
      ["logged-2"],
    );
    const one = await runCommand(["logs", "--method", users, "-n", "1"], { env });
    assert.match(one.stdout, /^[^\n]*logged-2[^\n]*\n$/);
    const fast = await runCommand(["logs", "--slower-than", "3600000"], { env });
    assert.deepEqual([fast.code, fast.stdout], [0, ""]);
  });

  it("logs -f goes on with calls as they end, on a terminal as well, until Ctrl-C", async () => {
    const following = onTerminal(
      ["logs", "-f", "-n", "1", "--method", `${users}/ListUsers`],
      [
        ["followed-1", ""],
        ["followed-2", "\x03"],
      ],
    );
    const { listUsers } = app.client(UserService);
    let isOver = false;
    void following.finally(() => {
      isOver = true;
    });
    // What is called before it follows is told as well, where it is the last.
    while (!isOver)
      for (const name of ["followed-1", "followed-2"])
        await listUsers({}, { headers: { "x-request-id": name } });
    const { code, printed } = await following;
    assert.equal(code, 130, printed);
    assert.match(printed, /ListUsers {2}ok .*followed-1/);
  });

  it("says where there is no monitor", async () => {
    await using none = await startTestApp(definition, { config: { "monitor.enabled": "false" } });
    const refused = await runCommand(["logs"], { env: { RUNRPC_ADDRESS: none.url, RUNRPC_KEY: none.key } });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /start it with --monitor/);
  });

  it("what cannot be meant is refused with what it takes", async () => {
    for (const [args, message] of [
      [["top", "--interval", "0"], /--interval is "0"; it takes seconds from 0\.1 to 60/],
      [["logs", "-n", "many"], /--lines is "many"; it takes a whole number from 0 to 10000/],
      [["logs", "--since", "soon"], /--since is "soon"; it takes a duration/],
    ] as const) {
      const { code, stderr } = await runCommand(args, { env });
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});

describe("the screen of runrpc top", () => {
  const call = (n: number) => ({
    method: `a.B/C${n}`,
    requestId: `r${n}\x1b[2J`,
    caller: "ann",
    waitsFor: "its handler",
  });
  const look = create(WatchResponseSchema, {
    intervalMs: 1_000,
    methods: Array.from({ length: 30 }, (_, n) => ({
      method: `a.B/C${n}`,
      kind: "unary",
      callsPerSecond: 30 - n,
    })),
    openCalls: Array.from({ length: 30 }, (_, n) => call(n)),
    openCallCount: 500,
    findings: { slow_call: 3n },
  });

  it("never has more lines or columns than there are, and says how much is left out", () => {
    for (const [columns, rows] of [
      [80, 24],
      [40, 50],
      [200, 10],
      [20, 3],
    ] as const) {
      const lines = topScreen(look, "http://localhost", { columns, rows });
      assert.ok(lines.length <= Math.max(rows, 12), `${lines.length} lines of ${rows}`);
      for (const line of lines) assert.ok(line.length <= columns, line);
    }
    const without = topScreen(look, "http://localhost", { columns: 40, rows: 24 }, `x\x1b${"y".repeat(100)}`);
    assert.match(without[1] ?? "", /^NOT THERE {2}x\\u001by+…$/);
    assert.ok(without.length <= 24);
    const text = topScreen(look, "http://localhost", { columns: 200, rows: 24 }).join("\n");
    assert.match(text, /findings {2}slow_call 3/);
    assert.match(text, /\nand 49\d more$/);
  });

  it("has what matters on a terminal of 80 columns: names are cut at their beginning, and columns left out", () => {
    const method = "somebody.billing.v1.InvoiceService/ListInvoices";
    const caller = "00000000-0000-4000-8000-000000000001";
    const open = {
      method,
      requestId: caller,
      ageMs: 65_000,
      caller,
      messagesIn: 1n,
      waitsFor: "its handler",
    };
    const activity = { method, kind: "bidi_streaming", callsPerSecond: 1_234, p99Ms: 12, openCalls: 1 };
    const busy = create(WatchResponseSchema, {
      methods: [{ ...activity, oldestAgeMs: 65_000 }],
      openCalls: [open],
      openCallCount: 1,
    });
    const lines = topScreen(busy, "http://localhost", { columns: 80, rows: 24 });
    assert.deepEqual(
      lines.filter((line) => /^(METHOD|OPEN CALL|…)/.test(line)).map((line) => line.split(/ {2,}/)),
      [
        ["METHOD", "CALLS/S", "FAULTS/S", "P50", "P95", "P99", "OPEN"],
        ["…1.InvoiceService/ListInvoices", "1,234", "0", "0.00 ms", "0.00 ms", "12 ms", "1"],
        ["OPEN CALL", "REQUEST ID", "AGE", "CALLER", "MESSAGES", "WAITS FOR"],
        ["…Service/ListInvoices", "00000000-0…", "1 min", "00000000-0…", "1 in, 0 out", "its handler"],
      ],
    );
    for (const line of lines) assert.ok(line.length <= 80, line);
  });

  it("tells which services do not serve, and what threads do", () => {
    const text = (serving: Record<string, boolean>) =>
      topScreen(
        create(WatchResponseSchema, {
          serving,
          threads: [{ service: "a.B", threads: 2, inFlight: 1, queued: 3 }],
        }),
        "http://localhost",
        { columns: 80, rows: 24 },
      ).join("\n");
    assert.match(text({ "a.B": true, "c.D": false }), /^NOT SERVING {2}c\.D$/m);
    assert.match(text({ "a.B": false, "c.D": false }), /^NOT SERVING {2}any service$/m);
    assert.doesNotMatch(text({ "a.B": true }), /NOT SERVING/);
    assert.match(text({}), /^threads of a\.B: 2, 1 calls run, 3 wait$/m);
  });

  it("shows texts of strangers as texts", () => {
    const text = topScreen(look, "x\x1b]0;y\x07", { columns: 500, rows: 200 }).join("\n");
    assert.ok(!text.includes("\x1b") && !text.includes("\x07"));
    assert.ok(text.includes("r0\\u001b[2J"));
  });
});
