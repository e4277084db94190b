import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readdir } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { openSharedWriter } from "../../../../../src/runrpc/data/open-shared-writer.ts";
import { openStore } from "../../../../../src/runrpc/data/open-store.ts";
import { encodeFrame } from "../../../../../src/runrpc/data/sqlite/shared-writer/frames.ts";
import { migrations, tempDirectory, worker } from "../../fixture/open.ts";
import { connectRaw, openShared, until } from "./fixture.ts";

const call = [1, -1, 8, undefined];

const garbage: [what: string, bytes: Buffer][] = [
  ["half a frame", encodeFrame([0, ...call]).subarray(0, 9)],
  ["a frame that is too large", Buffer.from([0xff, 0xff, 0xff, 0xff])],
  ["a frame without a message", Buffer.from([0, 0, 0, 3, 1, 2, 3])],
  ["an unknown kind", encodeFrame(["calls"])],
  ["half a call", encodeFrame([0, ...call.slice(0, 3)])],
  ["a call of a query that is no number", encodeFrame([0, 1, "items.insertName", 8, "garbage"])],
  ["a call with bytes below zero", encodeFrame([0, 1, -1, -8, undefined])],
  ["two calls of one number", encodeFrame([0, ...call, ...call])],
  ["a cancellation of a text", encodeFrame([2, "1"])],
  ["more calls than the window holds", encodeFrame([0, ...Array(1_870 * 4 + 4).fill(1)])],
  ["a topic that is no text", encodeFrame([3, "a", 1])],
];

test("who sends what is none of the protocol loses its connection, and nobody else's", async (t) => {
  const told: object[] = [];
  const log = { info() {}, warn() {}, error: (fields: object) => told.push(fields) };
  const { writer, open } = await openShared(t, { log });
  const { items } = (await open()).queries;
  for (const [what, bytes] of garbage) {
    const socket = await connectRaw(t, writer.socket);
    const closed = once(socket, "close");
    socket.resume();
    const before = told.length;
    if (what === "half a frame") socket.end(bytes);
    else socket.write(bytes);
    await closed;
    await until(`${what} is told`, () => told.length === before + 1);
    await items.insertName(what);
  }
  assert.deepEqual(
    await items.listNames(),
    garbage.map(([what]) => what),
  );
  assert.deepEqual([writer.stats().queued, writer.stats().inFlight], [0, 0]);
});

test("who looks whether somebody listens, and leaves without a word, is no fault", async (t) => {
  const told: object[] = [];
  const log = { info() {}, warn() {}, error: (fields: object) => told.push(fields) };
  const { writer, open } = await openShared(t, { log });
  const { items } = (await open()).queries;
  for (let looks = 0; looks < 50; looks++) {
    const socket = createConnection(writer.socket);
    await once(socket, "connect");
    socket.destroy();
  }
  await items.insertName("after them");
  assert.deepEqual(told, []);
});

test("a query of a number that there is not fails alone", async (t) => {
  const { writer } = await openShared(t);
  const socket = await connectRaw(t, writer.socket);
  socket.write(encodeFrame([0, 1, 999, 8, undefined, 2, -1, 8, undefined]));
  socket.resume();
  let answer = "";
  while (!answer.includes("no query with the number 999")) answer += String((await once(socket, "data"))[0]);
});

test("a store is not opened without its writer, with that of another file, or with other queries", async (t) => {
  const { writer } = await openShared(t);
  const { writer: other } = await openShared(t);
  const options = { file: writer.database, worker, migrations, readers: 1, writer: writer.socket };
  const stranger = new URL("../../../../../src/runrpc/platform/worker.ts", import.meta.url);
  const wrong: [object, RegExp][] = [
    [{ writer: join(dirname(writer.socket), "none") }, /unavailable.*none: .*ENOENT/],
    [{ writer: other.socket }, /unavailable.*was replaced/],
    [{ worker: stranger }, /failed_precondition.*serves other queries than this one/],
    [{ writer: "" }, /invalid_argument.*writer is empty/],
  ];
  for (const [fields, expected] of wrong) {
    await assert.rejects(openStore({ ...options, ...fields }), (error: Error & { code?: string }) => {
      assert.match(`${error.code} ${error.message}`, expected);
      return true;
    });
  }
});

test("what listens and is no writer is refused", async (t) => {
  const folder = await tempDirectory(t);
  const socket = join(folder, "stranger");
  const greetings = [
    encodeFrame(["hello"]),
    encodeFrame([5, { protocol: 99 }]),
    Buffer.from("HTTP/1.1 400 Bad"),
  ];
  const server = createServer((connection) => connection.end(greetings.shift() ?? ""));
  t.after(() => server.close());
  await once(server.listen(socket), "listening");
  const options = { file: join(folder, "db.sqlite"), worker, migrations, writer: socket };
  await assert.rejects(openStore(options), /no writer of a database/);
  await assert.rejects(openStore(options), /speaks version 99, this one 1/);
  await assert.rejects(openStore(options), /a frame of 1213486160 bytes is above the maximum/);
});

test("a writer for others has none itself, and no server", async (t) => {
  const file = join(await tempDirectory(t), "db.sqlite");
  await assert.rejects(
    openSharedWriter({ file, worker, migrations, writer: "/tmp/x" }),
    /leave `writer` out/,
  );
  const modules = async () => ({});
  await assert.rejects(
    openSharedWriter({ url: "postgres://localhost/none", modules, migrations }),
    /only an SQLite file needs a shared writer/,
  );
});

test("a temporary folder that takes no socket is told, and nothing is left open", async (t) => {
  const folder = await tempDirectory(t);
  const long = join(folder, "x".repeat(100));
  await mkdir(long);
  const { TMPDIR } = process.env;
  t.after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });
  const wrong: [string, RegExp][] = [
    [long, /above the maximum of 103 for the name of a socket: set TMPDIR/],
    [join(folder, "none"), /there is no place for the socket of the writer: ENOENT/],
  ];
  for (const [path, expected] of wrong) {
    process.env.TMPDIR = path;
    await assert.rejects(openSharedWriter({ file: join(folder, "db.sqlite"), worker, migrations }), expected);
  }
  assert.deepEqual(await readdir(long), []);
  assert.deepEqual(await readdir(folder), ["db.sqlite", "x".repeat(100)]);
});
