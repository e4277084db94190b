import assert from "node:assert/strict";
import { frame, request } from "../../runrpc/server/listener/frames.ts";
import { rowsOf } from "../../wire/app.ts";
import { createClient } from "../post.ts";
import { openRawHttp2, untilFrame } from "../raw.ts";
import type { Arena, Row } from "../row.ts";

const MEGABYTE = 1 << 20;
/** The greatest text of a record, and of a line in which several of them stand, in bytes. */
const TEXT_BYTES = 1_024;
const LINE_BYTES = 8_192;

/** Values that would forge a line, drive a terminal, or fill a disk. */
const VALUES: readonly (readonly [title: string, value: string])[] = [
  ["a line break", 'a\n{"level":"fatal","msg":"forged"}'],
  ["a carriage return", "a\rforged"],
  ["an ANSI escape", "\u001b[2J\u001b[31mforged"],
  ["an escape of eight bits", "\u009b31mforged"],
  ["NUL", "a\0b"],
  ["a quote and a backslash", '"\\'],
  ["a lone surrogate", "\ud800"],
  ["text from right to left", "\u202eforged"],
  ["a line separator", "\u2028forged"],
  ["a megabyte", "a".repeat(MEGABYTE)],
  ["a megabyte of three-byte letters", "\u20ac".repeat(MEGABYTE / 3)],
];

/** What strangers write into logs and records: a line stays a line, and a text has its bound. */
export const hostileLogValues: Row = {
  name: "hostile log values",
  lanesAtOnce: true,
  async attack(arena) {
    for (const format of arena.some(["json", "pretty"] as const, 1)) {
      const server = await arena.serve({
        flags: ["--log-level", "info", "--log-format", format],
        witnessMs: false,
      });
      for (let round = 0; round < arena.rounds(20, 1); round++) {
        for (const [title, value] of VALUES) await sendAll(arena, server, `${title}, ${format}`, value);
      }
      server.child.kill("SIGTERM");
      const settled = await server.exit;
      await arena.attempt("it drains", () => assert.equal(settled, 0));
      const lines = server
        .log()
        .split("\n")
        .filter((line) => line !== "");
      for (const line of lines) {
        await arena.attempt(`a line of the log, ${format}`, () => isHarmless(line, format));
      }
      await arena.attempt("the records", () => {
        for (const row of rowsOf<Record<string, unknown>>(server.file, "SELECT * FROM request_log")) {
          for (const [name, value] of Object.entries(row)) {
            const bytes = Buffer.byteLength(String(value));
            assert.ok(bytes <= TEXT_BYTES, `${name} of ${bytes} bytes`);
          }
        }
      });
    }
  },
};

async function sendAll(
  arena: Arena,
  { port, key }: { readonly port: number; readonly key: string },
  title: string,
  value: string,
): Promise<void> {
  const client = createClient(port, "2");
  const json = { "content-type": "application/json" };
  const escaped = encodeURIComponent(value.toWellFormed()).slice(0, 12_000);
  const asHeader = Buffer.from(value.slice(0, 10_000))
    .toString("latin1")
    .replaceAll(/[^\x20-\x7e\x80-\xff]/g, "?");
  const body = (members: object) => Buffer.from(JSON.stringify(members));
  await arena.attempt(`${title}, in the body`, async () => {
    const path = "/grpc.health.v1.Health/Check";
    assert.notEqual(
      (await client.post({ path, headers: json, body: body({ service: value }) })).code,
      "none",
    );
    const get = {
      path: "/rig.users.v1.UserService/GetUser",
      headers: { ...json, "x-api-key": key },
      body: body({ id: value }),
    };
    assert.notEqual((await client.post(get)).code, "none");
  });
  await arena.attempt(`${title}, in the path and in headers`, async () => {
    await client.post({ path: `/${escaped}/${escaped}`.slice(0, 12_000), headers: json, body: body({}) });
    for (const name of [
      "x-request-id",
      "user-agent",
      "x-api-key",
      "x-forwarded-for",
      "connect-timeout-ms",
      "content-encoding",
    ]) {
      const headers = { ...json, [name]: asHeader };
      await client.post({ path: "/rig.users.v1.UserService/ListUsers", headers, body: body({}) });
    }
  });
  await arena.attempt(`${title}, in a header block by hand`, async () => {
    const connection = await openRawHttp2(port);
    const fields = [
      [":method", "POST"],
      [":scheme", "http"],
      [":path", `/a/${asHeader.slice(0, 4_000)}`],
      [":authority", "a"],
      ["content-type", "application/grpc"],
      ["x-request-id", value.slice(0, 4_000)],
    ] as const;
    await connection.send(Buffer.concat([request(1, fields, true), frame(0, 1, 1)]));
    await untilFrame(connection, ({ streamId, type }) => streamId === 1 || type === 7);
    connection.socket.destroy();
  });
  client.close();
}

/** What drives a terminal or breaks a line. JSON is for machines, and has its own escapes for the first 32. */
const CONTROLS = {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  json: /[\0-\x1f]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  pretty: /[\0-\x1f\x7f-\x9f\u2028\u2029\u202e]/,
};

function isHarmless(line: string, format: "json" | "pretty"): void {
  assert.ok(Buffer.byteLength(line) <= LINE_BYTES, `a line of ${Buffer.byteLength(line)} bytes`);
  const control = CONTROLS[format].exec(line);
  if (control !== null)
    assert.fail(
      `a control character: ${JSON.stringify(line.slice(Math.max(0, control.index - 200), control.index + 20))}`,
    );
  assert.doesNotMatch(line, /^forged/);
  if (format === "json") {
    const { level, msg } = JSON.parse(line) as { level?: string; msg?: string };
    assert.match(level ?? "none", /^(info|warn)$/);
    assert.notEqual(msg, "forged");
  }
}
