import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { test } from "node:test";
import Database from "better-sqlite3";
import { UserService } from "../gen/rig/users/v1/users_pb.ts";
import { envelope } from "./envelope.ts";
import { exchange, outcomeOf, transportOf } from "./matrix/calls.ts";
import { heldBytes, noMemory } from "./memory.ts";
import { makeFolder, type ServeProcess, serve } from "./process.ts";

/** Some 200 bytes each on the wire, which makes 12 MB a stream. */
const users = 60_000;
const readers = 100;
/** A page of rows each, and what the kernel and node:http2 took before the client's window was full. */
const maxTakenBytes = 50e6;

for (const lane of ["stock", "auto"] as const) {
  test(`lane ${lane}: streams that nobody reads hold little memory, and go on when they are read`, {
    skip: noMemory,
  }, async (t) => {
    // They are not cut while they are looked at, however long that takes.
    const patience = ["--write-timeout-ms", "600000"];
    const server = await serve(await makeFolder(t), "--lane", lane, ...patience);
    t.after(() => server.child.kill("SIGKILL"));
    addUsers(server.file);
    // Once before, so that what is made at the first call is not counted.
    assert.equal(await countUsers(server), users + 1);

    const before = await heldBytes(server.child);
    const sessions: ClientHttp2Session[] = [];
    t.after(() => {
      for (const session of sessions) session.destroy();
    });
    const stalled = await Promise.all(
      Array.from({ length: readers }, async () => {
        const session = connect(server.url);
        sessions.push(session);
        const stream = streamUsers(session, server.key);
        await once(stream, "response");
        return stream;
      }),
    );
    // Each has taken what it would take when its client's window is full.
    while (stalled.some(({ readableLength }) => readableLength < 60_000)) await new Promise(setImmediate);
    const taken = (await heldBytes(server.child)) - before;
    assert.ok(taken < maxTakenBytes, `${readers} streams of 12 MB each took ${Math.round(taken / 1e6)} MB`);

    const [first] = stalled;
    assert.ok(first !== undefined);
    let received = 0;
    first.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    await once(first, "end");
    assert.ok(received > users * 100, `${received} bytes`);
    for (const session of sessions) session.destroy();
    assert.equal(await server.stop(), 0);
  });
}

/** A gRPC call whose answer nobody reads until somebody listens for its data. */
function streamUsers(session: ClientHttp2Session, key: string): ClientHttp2Stream {
  const { parent, name } = UserService.method.streamUsers;
  const stream = session.request({
    ":method": "POST",
    ":path": `/${parent.typeName}/${name}`,
    "content-type": "application/grpc",
    te: "trailers",
    "x-api-key": key,
  });
  stream.on("error", () => {}); // it ends with its connection
  stream.end(envelope(Buffer.alloc(0)));
  return stream;
}

async function countUsers(server: ServeProcess): Promise<number> {
  const transport = transportOf({ protocol: "grpc", httpVersion: "2" }, server.url);
  const headers = { "x-api-key": server.key };
  const responses = exchange(transport, UserService.method.streamUsers, [{}], { headers });
  const { messages, error } = await outcomeOf(responses);
  assert.equal(error, undefined);
  return messages.length;
}

/** Straight into the table, beside the running server. */
function addUsers(file: string): void {
  const database = new Database(file);
  const insert = database.prepare(
    "INSERT INTO users (id, email, display_name, create_time, update_time) VALUES (?, ?, ?, 0, 0)",
  );
  database.transaction(() => {
    for (let n = 1; n <= users; n++) {
      const id = `10000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
      const email = `${n}@example.com`;
      insert.run(id, email, "x".repeat(100));
    }
  })();
  database.close();
}
