// Several servers on one Postgres: what is written at one of them is heard at all, whatever becomes of servers and notices.
// RUNRPC_PROCESS_ROUNDS is how often a server is killed and all are cut off (default 1): each takes up to a minute on a busy machine.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { connect } from "runrpc/client";
import { createRequestStream } from "runrpc/testing";
import {
  type ChatRequest,
  ChatRequestSchema,
  ChatResponse_Kind,
  ChatService,
} from "../../gen/chat/v1/chat_pb.ts";
import { EventService } from "../../gen/events/v1/events_pb.ts";
import { type PostgresServer, startPostgres, whyNoPostgres } from "../postgres.ts";
import { type ServerProcess, serve, until } from "./server-process.ts";

const skip = whyNoPostgres() ?? false;
const { RUNRPC_PROCESS_ROUNDS = "1" } = process.env;
const rounds = Number(RUNRPC_PROCESS_ROUNDS);

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

/** Ends the connection on which each process hears what others tell. */
function cutListeners(): Promise<unknown> {
  return server.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'runrpc notices'",
  );
}

interface Seen {
  readonly id: bigint;
  readonly type: string;
}

/** Follows the events of a user at a server, from the first on, and goes on behind the last one where a stream ended. */
function follow(urlOf: () => string, key: string) {
  const leave = new AbortController();
  const seen: Seen[] = [];
  const ended = (async () => {
    while (!leave.signal.aborted) {
      using client = connect(urlOf(), EventService, { key, retry: false, deadlineMs: 0 });
      try {
        const afterId = seen.at(-1)?.id ?? 0n;
        for await (const { event } of client.streamEvents({ afterId }, { signal: leave.signal }))
          if (event !== undefined) seen.push({ id: event.id, type: event.type });
      } catch {
        // The server was killed, or is not there yet.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  })();
  return {
    seen,
    async leave() {
      leave.abort();
      await ended;
    },
  };
}

/** Publishes one event after the other until it is told to stop, and tells which were acknowledged. */
function publish(name: string, urlOf: () => string, key: string) {
  const acknowledged: string[] = [];
  let isOver = false;
  const ended = (async () => {
    for (let n = 0; !isOver; ) {
      using client = connect(urlOf(), EventService, { key, retry: false });
      try {
        for (; !isOver; acknowledged.push(`${name}.${n - 1}`))
          await client.publishEvent({ type: `${name}.${n++}` });
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  })();
  return {
    acknowledged,
    stop() {
      isOver = true;
      return ended;
    },
  };
}

test(`12 publishers, 3 servers, ${rounds} times one of them killed and all cut off: each subscriber has each event once, in order`, {
  skip,
}, async () => {
  const database = await server.createDatabase();
  const servers: ServerProcess[] = [];
  for (let index = 0; index < 3; index++) servers.push(await serve(database));
  const key = servers[0]?.key ?? assert.fail("there is no key");
  const urlOf = (index: number) => () => servers[index % 3]?.url ?? "";
  const subscribers = Array.from({ length: 6 }, (_, index) => follow(urlOf(index), key));
  const publishers = Array.from({ length: 12 }, (_, index) => publish(`p${index}`, urlOf(index), key));
  const acknowledged = () => publishers.reduce((sum, publisher) => sum + publisher.acknowledged.length, 0);
  const lengths = () => subscribers.map(({ seen }) => seen.length);
  const moreOfAll = async (count: number): Promise<void> => {
    const wanted = lengths().map((length) => length + count);
    await until(
      () => `${count} more events at each subscriber (${lengths()} of ${wanted})`,
      () => lengths().every((length, index) => length >= (wanted[index] ?? 0)),
    );
  };

  await moreOfAll(20);
  for (let round = 0; round < rounds; round++) {
    await servers[2]?.kill();
    await cutListeners();
    servers[2] = await serve(database);
    await moreOfAll(20);
    await cutListeners();
    await moreOfAll(20);
  }
  await Promise.all(publishers.map(({ stop }) => stop()));
  const { rows } = await server.query("select id, type from events order by id", [], database);
  const stored = rows.map(({ id, type }): Seen => ({ id: BigInt(id), type }));
  await until(
    () => `all ${stored.length} events at each subscriber (${lengths()})`,
    () => lengths().every((length) => length >= stored.length),
  );
  await Promise.all(subscribers.map(({ leave }) => leave()));
  for (const { seen } of subscribers) assert.deepEqual(seen, stored);
  const types = new Set(stored.map(({ type }) => type));
  assert.equal(types.size, stored.length, "no event is stored twice");
  const lost = publishers.flatMap((publisher) => publisher.acknowledged).filter((type) => !types.has(type));
  assert.deepEqual(lost, [], `of ${acknowledged()} that were acknowledged`);
});

test("what a process had committed when it was killed is heard, though it told nobody", {
  skip,
}, async () => {
  const database = await server.createDatabase();
  const writer = await serve(database);
  const key = writer.key ?? assert.fail("there is no key");
  const reader = await serve(database);
  const { seen, leave } = follow(() => reader.url, key);
  using client = connect(writer.url, EventService, { key });
  await client.publishEvent({ type: "told" });
  await until(
    () => "the event that was told",
    () => seen.length === 1,
  );
  // As if it came from the writer, between whose commit and notice the kill falls.
  await server.query(
    "insert into events (user_id, type, create_time, size) select id, 'untold', now(), 0 from users",
    [],
    database,
  );
  await writer.kill();
  await until(
    () => "the event that nobody told of",
    () => seen.length === 2,
  );
  assert.deepEqual(
    seen.map(({ type }) => type),
    ["told", "untold"],
  );
  await leave();
  assert.equal(await reader.stop(), 0);
});

test("a chat room spans processes: each call hears the others, in one order, and not itself", {
  skip,
}, async () => {
  const database = await server.createDatabase();
  const first = await serve(database);
  const second = await serve(database);
  const key = first.key ?? assert.fail("there is no key");
  const enter = async (url: string, name: string) => {
    const client = connect(url, ChatService, { key, retry: false, deadlineMs: 0 });
    const requests = createRequestStream<ChatRequest>();
    const say = (text: string) => requests.send(create(ChatRequestSchema, { room: "all", text }));
    say("");
    const responses = client.chat(requests)[Symbol.asyncIterator]();
    assert.equal((await responses.next()).value?.kind, ChatResponse_Kind.JOINED);
    const heard: (readonly [id: bigint, text: string])[] = [];
    const receipts: bigint[] = [];
    const ended = (async () => {
      for await (const { kind, messageId, text } of { [Symbol.asyncIterator]: () => responses })
        if (kind === ChatResponse_Kind.MESSAGE) heard.push([messageId, text]);
        else receipts.push(messageId);
    })();
    return { name, say, heard, receipts, end: () => requests.end(), ended, client };
  };
  const calls = [await enter(first.url, "a"), await enter(second.url, "b"), await enter(second.url, "c")];
  const perCall = 40;
  for (let n = 0; n < perCall; n++) {
    for (const { name, say } of calls) say(`${name}${n}`);
    if (n % 20 === 10) await cutListeners();
  }
  await until(
    () => `${2 * perCall} messages at each call (${calls.map(({ heard }) => heard.length)})`,
    () => calls.every(({ heard, receipts }) => heard.length >= 2 * perCall && receipts.length >= perCall),
  );
  const { rows } = await server.query("select id, text from chat_messages order by id", [], database);
  for (const { name, heard, receipts } of calls) {
    const stored = rows.map(({ id, text }) => [BigInt(id), String(text)] as const);
    assert.deepEqual(
      heard,
      stored.filter(([, text]) => !text.startsWith(name)),
    );
    assert.deepEqual(
      receipts,
      stored.filter(([, text]) => text.startsWith(name)).map(([id]) => id),
    );
  }
  for (const { end } of calls) end();
  await Promise.all(calls.map(({ ended }) => ended));
  for (const { client } of calls) client[Symbol.dispose]();
  assert.deepEqual(await Promise.all([first.stop(), second.stop()]), [0, 0]);
});
