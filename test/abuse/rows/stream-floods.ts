import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { envelope } from "../../wire/envelope.ts";
import { createClient } from "../post.ts";
import { openRaw, type RawConnection } from "../raw.ts";
import type { Arena, Row } from "../row.ts";
import type { Subject } from "../subject.ts";

/** More streams, calls and connections than there is room for: what is too much is refused, the others are served. */
export const streamFloods: Row = {
  name: "stream floods",
  async attack(arena) {
    await watchers(arena);
    await openCalls(arena);
    await connections(arena);
    await pipelined(arena);
  },
};

/** Public streams, without a key, as many as there may be calls at all. */
async function watchers(arena: Arena): Promise<void> {
  const server = await arena.serve({ flags: ["--max-concurrent-calls", "200"] });
  const sessions = await Promise.all(Array.from({ length: 4 }, () => open(arena, server.port)));
  for (const session of sessions) {
    for (let count = 0; count < 100; count++) call(session, "/grpc.health.v1.Health/Watch", "").resume();
  }
  await Promise.all(sessions.map((session) => pinged(session)));
  for (let count = arena.rounds(50, 10); count > 0; count--) {
    await arena.attempt("a good key beside 400 watchers", () =>
      answers(server, "/rig.users.v1.UserService/ListUsers"),
    );
    await arena.attempt("a health check beside 400 watchers", () =>
      answers(server, "/grpc.health.v1.Health/Check"),
    );
  }
}

/** A good key that opens more calls than the process takes: the excess is told so, and Check still answers. */
async function openCalls(arena: Arena): Promise<void> {
  const server = await arena.serve({ flags: ["--max-concurrent-calls", "100"], witnessMs: false });
  const session = await open(arena, server.port);
  const second = await open(arena, server.port);
  const calls = [session, session, second].flatMap((each) =>
    Array.from({ length: 50 }, () => call(each, "/rig.events.v1.EventService/StreamEvents", server.key)),
  );
  await arena.attempt("calls above max_concurrent_calls", async () => {
    const refused = Promise.withResolvers<void>();
    let count = 0;
    for (const stream of calls) {
      const seen = (headers: Record<string, unknown>): void => {
        if (headers["grpc-status"] === "8" && ++count === 50) refused.resolve();
      };
      stream.on("response", seen).on("trailers", seen).resume();
    }
    await refused.promise;
    await Promise.all([session, second].map(pinged));
    assert.equal(count, 50);
    assert.equal(calls.filter(({ closed }) => !closed).length, 100);
  });
  await arena.attempt("a health check without room", () => answers(server, "/grpc.health.v1.Health/Check"));
  session.destroy();
  second.destroy();
  await arena.attempt("there is room again when they have gone", async () => {
    for (let tries = 0; ; tries++) {
      if (
        await answers(server, "/rig.users.v1.UserService/ListUsers").then(
          () => true,
          () => false,
        )
      )
        return;
      assert.ok(tries < 500, "no room after 500 tries");
    }
  });
}

/** Many small requests at once on HTTP/1.1: as many are served as there may be streams. */
async function pipelined(arena: Arena): Promise<void> {
  const server = await arena.serve();
  const head = "POST /grpc.health.v1.Health/Check HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
  const many = Buffer.from(`${head}content-length: 2\r\n\r\n{}`.repeat(20_000));
  for (let round = 0; round < arena.rounds(5, 1); round++) {
    await Promise.all(
      Array.from({ length: 10 }, () =>
        arena.attempt("20,000 pipelined requests", async () => {
          const connection = await openRaw(server.port, false);
          void connection.send(many);
          await connection.closed;
          const answers = connection.received().toString("latin1").split("HTTP/1.1 200 ").length - 1;
          assert.ok(answers <= 100, `${answers} answers`);
        }),
      ),
    );
  }
}

/** Connections above the limit are closed, and there is room again when others have gone. */
async function connections(arena: Arena): Promise<void> {
  const server = await arena.serve({ flags: ["--max-connections", "50"], witnessMs: false });
  for (let round = 0; round < arena.rounds(20, 2); round++) {
    await arena.attempt("connections above max_connections", async () => {
      const all = await Promise.all(Array.from({ length: 80 }, () => openRaw(server.port, false)));
      await settled(all, 30);
      const inside = all.find(({ socket }) => !socket.destroyed);
      await inside?.send("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
      const said = await inside?.until((bytes) => (bytes.length > 0 ? bytes.toString() : undefined));
      assert.match(said ?? "", / 200 /);
      for (const { socket } of all) socket.destroy();
      for (let tries = 0; ; tries++) {
        if (
          await answers(server, "/rig.users.v1.UserService/ListUsers").then(
            () => true,
            () => false,
          )
        )
          return;
        assert.ok(tries < 500, "no room after 500 tries");
      }
    });
  }
}

/** Resolves when so many of the connections are closed. */
async function settled(connections: readonly RawConnection[], count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = count;
  for (const { closed } of connections) void closed.then(() => --left === 0 && resolve());
  await promise;
}

async function open(arena: Arena, port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {}); // its calls tell
  arena.after(() => session.destroy());
  await once(session, "remoteSettings");
  return session;
}

function call(session: ClientHttp2Session, path: string, key: string) {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...(key === "" ? {} : { "x-api-key": key }),
  });
  stream.on("error", () => {}); // it ends with its session
  stream.end(envelope(Buffer.alloc(0)));
  return stream;
}

function pinged(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) =>
    session.ping((error) => (error === null ? resolve() : reject(error))),
  );
}

async function answers({ port, key }: Subject, path: string): Promise<void> {
  const client = createClient(port, "2");
  try {
    const headers = {
      "content-type": "application/json",
      ...(path.includes("Health") ? {} : { "x-api-key": key }),
    };
    const { code, message } = await client.post({ path, headers, body: Buffer.from("{}") });
    assert.equal(code, "ok", message);
  } finally {
    client.close();
  }
}
