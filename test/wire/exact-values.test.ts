import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { EventService } from "../gen/rig/events/v1/events_pb.ts";
import { type LogEntrySchema, LogService } from "../gen/rig/logs/v1/logs_pb.ts";
import { startTestApp, type TestApp } from "./app.ts";

let app: TestApp;
before(async () => {
  app = await startTestApp();
});
after(() => app.close());

/** What no client library of ours lets through, as a JSON body. */
async function post(method: string, body: string) {
  const response = await fetch(`${app.url}/${method}`, {
    method: "POST",
    headers: { "x-api-key": app.key, "content-type": "application/json" },
    body,
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

function transports() {
  const interceptors = [
    (next: (request: never) => Promise<never>) => (request: { header: Headers }) => {
      request.header.set("x-api-key", app.key);
      return next(request as never);
    },
  ] as never;
  return {
    json: createConnectTransport({
      baseUrl: app.url,
      httpVersion: "2",
      useBinaryFormat: false,
      interceptors,
    }),
    grpc: createGrpcTransport({ baseUrl: app.url, interceptors }),
  };
}

type Entry = MessageInitShape<typeof LogEntrySchema>;

async function codeOf(promise: Promise<unknown>): Promise<readonly [Code | undefined, string]> {
  return await promise.then(
    () => [undefined, ""] as const,
    (reason: unknown) => {
      const { code, rawMessage } = ConnectError.from(reason);
      return [code, rawMessage] as const;
    },
  );
}

test("lines of every time, and with every text, can be read by every protocol", async () => {
  const { json, grpc } = transports();
  const entries: Entry[] = [
    { time: { seconds: 253_402_300_799n, nanos: 999_999_999 }, message: "last" },
    {
      time: { seconds: 10n, nanos: 5_999_999 },
      message: "\0, \ufffd, \u2028 and 😀",
      attributes: { ["__proto__"]: "a", constructor: "b", "": "c", "\0": "\0", '"\\\n': "d" },
    },
    { time: { seconds: -1n, nanos: 1 }, message: "before 1970" },
    { time: { seconds: -62_135_596_800n }, message: "first" },
  ];
  async function* upload() {
    yield { entries };
  }
  assert.equal((await createClient(LogService, grpc).uploadLogs(upload())).logsReceived, 4n);
  const lists = await Promise.all(
    [json, grpc].map((transport) => createClient(LogService, transport).listLogs({})),
  );
  const kept = [
    [253_402_300_799n, 999_000_000],
    [10n, 5_000_000],
    [-1n, 0],
    [-62_135_596_800n, 0],
  ];
  for (const list of lists) {
    assert.deepEqual(
      list.entries.map(({ time }) => [time?.seconds, time?.nanos]),
      kept,
    );
    assert.deepEqual(
      list.entries.map(({ message }) => message),
      entries.map(({ message }) => message),
    );
    assert.deepEqual(
      Object.entries(list.entries[1]?.attributes ?? {}).sort(),
      Object.entries(entries[1]?.attributes ?? {}).sort(),
    );
  }
  const { json: page } = await post("rig.logs.v1.LogService/ListLogs", "{}");
  assert.equal((page.entries as { time: string }[])[0]?.time, "9999-12-31T23:59:59.999Z");
});

test("a time that is none is refused with its field, whatever the protocol, and no line of its message is kept", async () => {
  const { grpc } = transports();
  const logs = createClient(LogService, grpc);
  const before = (await logs.listLogs({ pageSize: 1_000 })).entries.length;
  for (const time of [
    { seconds: 2n ** 62n },
    { seconds: 253_402_300_800n },
    { nanos: -1 },
    { nanos: 1_000_000_000 },
  ]) {
    async function* upload() {
      yield { entries: [{ message: "good" }, { message: "bad", time }] };
    }
    const [code, text] = await codeOf(logs.uploadLogs(upload()));
    assert.equal(code, Code.InvalidArgument);
    assert.match(text, /^entries\[1\]\.time: /);
  }
  assert.equal((await logs.listLogs({ pageSize: 1_000 })).entries.length, before);
});

test("a payload is read as it was sent, and what JSON does not have is refused with its place", async () => {
  const { json, grpc } = transports();
  const payload = {
    ["__proto__"]: { a: 1 },
    "\0": "\0",
    numbers: [0, 1.7976931348623157e308, 5e-324, 2 ** 53, -1.5],
    nested: JSON.parse(`${'{"a":'.repeat(40)}null${"}".repeat(40)}`) as null,
    empty: [{}, [], "", false, null],
  };
  const { event } = await createClient(EventService, json).publishEvent({ type: "exact", payload });
  for (const transport of [json, grpc]) {
    const stream = createClient(EventService, transport).streamEvents({ afterId: (event?.id ?? 0n) - 1n });
    for await (const read of stream) {
      assert.deepEqual(read.event?.payload, payload);
      break;
    }
  }
  for (const [value, text] of [
    [Number.NaN, "payload.list[1].a: NaN cannot be stored"],
    [Number.POSITIVE_INFINITY, "payload.list[1].a: Infinity cannot be stored"],
    [-0, "payload.list[1].a: -0 cannot be stored"],
  ] as const) {
    const [code, said] = await codeOf(publishBinary(grpcBytes(value)));
    assert.deepEqual([code, said], [Code.InvalidArgument, text]);
  }
  const { status, json: refused } = await post(
    "rig.events.v1.EventService/PublishEvent",
    '{"type":"a","payload":{"a":[1e999]}}',
  );
  assert.equal(status, 400);
  assert.match(String(refused.message), /payload\.a\[0\]: the number is above the greatest double$/);
});

/** A payload with a number that protobuf-es does not write: `{"list": [null, {"a": value}]}` in the binary format. */
function grpcBytes(value: number): Buffer {
  const number = toBinary(ValueSchema, create(ValueSchema, { kind: { case: "numberValue", value } }));
  const member = lengthPrefixed(
    1,
    Buffer.concat([lengthPrefixed(1, Buffer.from("a")), lengthPrefixed(2, number)]),
  );
  const list = Buffer.concat([
    lengthPrefixed(1, Buffer.from([0x08, 0])),
    lengthPrefixed(1, lengthPrefixed(5, member)),
  ]);
  const entry = Buffer.concat([
    lengthPrefixed(1, Buffer.from("list")),
    lengthPrefixed(2, lengthPrefixed(6, list)),
  ]);
  return Buffer.concat([lengthPrefixed(1, Buffer.from("type")), lengthPrefixed(2, lengthPrefixed(1, entry))]);
}

function lengthPrefixed(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes]);
}

async function publishBinary(body: Uint8Array): Promise<void> {
  const response = await fetch(`${app.url}/rig.events.v1.EventService/PublishEvent`, {
    method: "POST",
    headers: { "x-api-key": app.key, "content-type": "application/proto" },
    body: new Uint8Array(body),
  });
  if (response.ok) return;
  const { message } = (await response.json()) as { message: string };
  throw new ConnectError(message, response.status === 400 ? Code.InvalidArgument : Code.Internal);
}

test("an id that the cursor cannot hold is refused", async () => {
  const { grpc } = transports();
  const stream = createClient(EventService, grpc).streamEvents({ afterId: 9_007_199_254_740_992n });
  const [code, text] = await codeOf(stream[Symbol.asyncIterator]().next());
  assert.equal(code, Code.InvalidArgument);
  assert.match(text, /^after_id: /);
});

test("a page token in any spelling but the server's own is refused", async () => {
  const { grpc } = transports();
  const logs = createClient(LogService, grpc);
  const { nextPageToken } = await logs.listLogs({ pageSize: 1 });
  assert.notEqual(nextPageToken, "");
  const text = Buffer.from(nextPageToken, "base64url").toString();
  const [list, version, time, id] = text.split(":");
  const spelt = (...parts: (string | undefined)[]) => Buffer.from(parts.join(":")).toString("base64url");
  for (const token of [
    spelt(list, version, `0${time}`, id),
    spelt(list, version, `${time}.0`, id),
    spelt(list, version, "0x10", id),
    spelt(list, version, " 1", id),
    spelt(list, version, "1e3", id),
    spelt(list, version, "8640000000000001", id),
    spelt(list, version, "9007199254740991", id),
    spelt("users", version, time, id),
    spelt(list, "2", time, id),
    spelt(list, version, time),
    spelt(list, version, time, id, "1"),
    `${nextPageToken}=`,
    `${nextPageToken}!`,
    ` ${nextPageToken}`,
  ]) {
    const [code, said] = await codeOf(logs.listLogs({ pageToken: token }));
    assert.equal(code, Code.InvalidArgument, token);
    assert.match(said, /^page_token .* is not a next_page_token of this list$/);
  }
  assert.equal((await logs.listLogs({ pageToken: nextPageToken })).entries[0]?.message.length !== 0, true);
});
