import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";
import { createAccessLine } from "../../../src/runrpc/log/access-line.ts";
import { isLogged } from "../../../src/runrpc/log/log.ts";
import type { CallRecord } from "../../../src/runrpc/server/call/record.ts";

const record = {
  requestId: 'a"b',
  service: "rig.users.v1.UserService",
  method: "GetUser",
  kind: "unary",
  protocol: "grpc",
  httpVersion: "2.0",
  code: "ok",
  error: "",
  startedAt: new Date(0),
  durationMs: 1.5,
  messagesIn: 1,
  messagesOut: 1,
  bytesIn: 2,
  bytesOut: 3,
  peer: "127.0.0.1",
  subject: "ada",
  keyId: "rr_00000000",
  cancelledBy: undefined,
  abandoned: false,
} as const satisfies CallRecord;

/** The lines that a process writes of three calls, one of them refused and one broken. */
async function linesOf(settings: { level?: string; format?: string }): Promise<readonly string[]> {
  const all = { level: "info", format: "json", ...settings };
  const script = `
    import { openLog } from ${JSON.stringify(new URL("../../../src/runrpc/log/log.ts", import.meta.url).href)};
    const log = openLog(${JSON.stringify(all)}, false);
    const record = { ...${JSON.stringify(record)}, startedAt: new Date(0) };
    log.access(record);
    log.access({ ...record, code: "not_found", error: "no such user" });
    log.access({ ...record, code: "internal" });
    log.flush();`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--input-type=module-typescript",
    "-e",
    script,
  ]);
  return stdout.trim() === "" ? [] : stdout.trim().split("\n");
}

describe("the access log", () => {
  it("is a line of JSON for each call, with every field of its record", async () => {
    const lines = (await linesOf({})).map((line) => JSON.parse(line) as Record<string, unknown>);
    const { time, ...first } = lines[0] ?? {};
    const { cancelledBy: _, startedAt, ...fields } = record;
    assert.ok(!Number.isNaN(Date.parse(String(time))));
    assert.deepEqual(first, {
      level: "info",
      ...fields,
      startedAt: startedAt.toISOString(),
      msg: "rig.users.v1.UserService/GetUser ok",
    });
    assert.deepEqual(
      lines.map(({ level, code }) => [level, code]),
      [
        ["info", "ok"],
        ["info", "not_found"],
        ["error", "internal"],
      ],
    );
  });

  it("is what JSON.stringify writes of it, whatever the texts hold", () => {
    const accessLine = createAccessLine();
    const texts = ['q"b\\', "line\nbreak\u0000\u007f", "ä€😀", "half \ud800 a pair", "", "plain"];
    for (const text of texts) {
      const odd = { ...record, requestId: text, service: text, error: text, peer: text, subject: undefined };
      const times = [0, 1, 999, 1_000, 1_700_000_000_012, -1].map((time) => new Date(time));
      for (const startedAt of times) {
        const line = JSON.parse(accessLine({ ...odd, startedAt, cancelledBy: "client" }, "info"));
        const { time, level, msg, ...fields } = line;
        assert.deepEqual(fields, JSON.parse(JSON.stringify({ ...odd, startedAt, cancelledBy: "client" })));
        assert.deepEqual([level, msg], ["info", `${text}/GetUser ok`]);
        assert.equal(Date.parse(time), Math.floor(startedAt.getTime() + record.durationMs));
      }
    }
  });

  it("is left out where the mode says so", () => {
    const kept = (mode: string) => ["ok", "not_found"].filter((code) => isLogged(mode, { ...record, code }));
    assert.deepEqual(
      ["off", "errors", "all"].map((mode) => kept(mode)),
      [[], ["not_found"], ["ok", "not_found"]],
    );
  });

  it("has the level that is asked for", async () => {
    assert.equal((await linesOf({ level: "error" })).length, 1);
    assert.equal((await linesOf({ level: "fatal" })).length, 0);
  });

  it("drops lines, and says so, where nobody reads them", async () => {
    const script = `
      import { openLog } from ${JSON.stringify(new URL("../../../src/runrpc/log/log.ts", import.meta.url).href)};
      const log = openLog({ level: "info", format: "json" }, false);
      const text = "x".repeat(1_000);
      for (let line = 0; line < 20_000; line++) log.logger.info({ line, text });
      process.stderr.write("written");
      setInterval(() => {}, 1_000);`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script]);
    after(() => child.kill());
    await once(child.stderr, "data");
    let size = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      size += line.length;
      const { droppedBytes } = JSON.parse(line) as { droppedBytes?: number };
      if (droppedBytes === undefined) continue;
      assert.ok(size > 16_000_000 && size < 17_500_000, `${size} bytes were read`);
      assert.ok(droppedBytes > 20_000_000 - size, `${droppedBytes} bytes were dropped`);
      return;
    }
    assert.fail("nothing was said");
  });

  it("bounds the texts of a line, keeps the stack of an error with a long message, and writes its causes", async () => {
    const script = `
      import { openLog } from ${JSON.stringify(new URL("../../../src/runrpc/log/log.ts", import.meta.url).href)};
      const { logger, flush } = openLog({ level: "info", format: "json" }, false);
      const cause = new RangeError("c".repeat(1_000_000));
      const err = Object.assign(new TypeError("é".repeat(1_000_000), { cause }), {
        code: "E_LONG", payload: "p".repeat(1_000_000), body: new Uint8Array(1_000_000),
      });
      logger.error({ err, second: new Error("short"), path: "/".repeat(1_000_000), list: Array(100_000).fill("x") }, "failed");
      logger.error({ err: new AggregateError(Array(1_000).fill(new Error("one"))) }, "many");
      flush();`;
    const args = ["--input-type=module-typescript", "-e", script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const lines = stdout.trim().split("\n");
    assert.equal(lines.length, 2);
    for (const line of lines) assert.ok(Buffer.byteLength(line) < 20_000, `a line of ${line.length}`);
    const { err, second, path, list } = JSON.parse(lines[0] ?? "");
    assert.deepEqual(
      [err.type, err.code, second.type, second.message],
      ["TypeError", "E_LONG", "Error", "short"],
    );
    assert.deepEqual(Object.keys(err), ["type", "message", "stack", "code", "payload"]);
    assert.ok(Buffer.byteLength(list) <= 1_024);
    for (const text of [err.message, err.payload, path]) {
      assert.ok(Buffer.byteLength(text) <= 1_024);
      assert.match(text, /… \(cut, of \d+ characters\)$/);
    }
    assert.match(
      err.stack,
      /^TypeError: é+… \(cut, of \d+ characters\)\n {4}at .*\ncaused by: RangeError: c+…/s,
    );
    assert.equal(JSON.parse(lines[1] ?? "").err.aggregateErrors.length, 5);
  });

  it("shows nothing on a terminal that steers it or makes a line of its own", async () => {
    const script = `
      import { openLog } from ${JSON.stringify(new URL("../../../src/runrpc/log/log.ts", import.meta.url).href)};
      const { logger, flush } = openLog({ level: "info", format: "pretty" }, false);
      const text = "a\\n\\u001b[2J\\u009b2J\\u2028\\u202eb\\u007f";
      logger.warn({ text, err: Object.assign(new Error(text), { stack: "Error: \\u001b[2J\\n    at b" }) }, text);
      flush();`;
    const args = ["--input-type=module-typescript", "-e", script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: { NO_COLOR: "1" } });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    assert.doesNotMatch(stdout, /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
    assert.equal(stdout.split("\n").length, 4, stdout); // the line, two of the stack, and what follows the last break
    assert.ok(stdout.includes("a\\u000a\\u001b[2J\\u009b2J\\u2028\\u202eb\\u007f"), stdout);
  });

  it("reads well where it is asked to", async () => {
    const [ok = "", refused = ""] = await linesOf({ format: "pretty" });
    assert.match(
      ok,
      /info .*rig\.users\.v1\.UserService\/GetUser ok.* 1\.5 ms {2}grpc {2}1 in, 1 out {2}ada {2}127\.0\.0\.1/,
    );
    assert.match(refused, /not_found.*no such user/);
  });
});
