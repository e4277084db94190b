import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import type { CallRecord } from "../../../src/runrpc/server/call/record.ts";
import { type Server, startServer } from "../../../src/runrpc/server/server.ts";
import { codecs } from "../../gen/codecs.ts";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { LogService } from "../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import { endless, exchange, outcomeOf, transportOf } from "../../wire/matrix/calls.ts";
import { type Cell, cells, type Kind, type Lane, methods } from "../../wire/matrix/cells.ts";
import { type Samples, scrape, scrapeUntil, sumOf } from "./scrape.ts";

const userId = "00000000-0000-4000-8000-000000000001";

/** What is asked for by a stream that stays open when its messages are sent. */
const STAYS = 99;

/** Requests of each kind, and how many messages come back. */
const good: Record<Kind, { readonly inputs: Record<string, unknown>[]; readonly answers: number }> = {
  unary: { inputs: [{ id: userId }], answers: 1 },
  server_streaming: { inputs: [{ limit: 3 }], answers: 3 },
  client_streaming: {
    inputs: [{ entries: [{ message: "a" }] }, { entries: [{ message: "b" }] }],
    answers: 1,
  },
  bidi_streaming: { inputs: [{ room: "a", text: "b" }, { text: "c" }], answers: 2 },
};

interface Subject {
  readonly server: Server;
  /** The next record of a call that has ended. */
  nextRecord(): Promise<CallRecord>;
}

async function start(lane: Lane): Promise<Subject> {
  const records: CallRecord[] = [];
  const waiters: ((record: CallRecord) => void)[] = [];
  const server = await startServer({
    services: [
      partOfService(UserService, {
        getUser: () => ({ user: { displayName: "Ada" } }),
        updateUser() {
          throw new ConnectError("the disk is gone", Code.DataLoss);
        },
        async *streamUsers({ limit }, { signal }) {
          for (let sent = 0; sent < 3; sent++) yield {};
          if (limit === STAYS && !signal.aborted) await once(signal, "abort");
        },
      }),
      partOfService(LogService, {
        async uploadLogs(requests) {
          for await (const _ of requests);
          return {};
        },
      }),
      partOfService(ChatService, {
        async *chat(requests, { signal }) {
          for await (const { text } of requests) {
            yield {};
            if (text === String(STAYS) && !signal.aborted) await once(signal, "abort");
          }
        },
      }),
    ],
    codecs,
    keys: "open",
    server: { host: "127.0.0.1", port: 0, lane },
    metrics: { enabled: true },
    onRecord(record) {
      const waiter = waiters.shift();
      if (waiter === undefined) records.push(record);
      else waiter(record);
    },
  });
  return {
    server,
    nextRecord() {
      const record = records.shift();
      return record === undefined ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve(record);
    },
  };
}

const nameOf = (kind: Kind): string => `${methods[kind].parent.typeName}/${methods[kind].name}`;

/** What one method's samples say. */
function countsOf(samples: Samples, kind: Kind) {
  const labels = { rpc_method: nameOf(kind), runrpc_kind: kind };
  return {
    open: sumOf(samples, "runrpc_server_open_calls", labels),
    messagesIn: sumOf(samples, "runrpc_server_received_messages_total", labels),
    messagesOut: sumOf(samples, "runrpc_server_sent_messages_total", labels),
    bytesIn: sumOf(samples, "runrpc_server_received_bytes_total", labels),
    bytesOut: sumOf(samples, "runrpc_server_sent_bytes_total", labels),
    calls: sumOf(samples, "rpc_server_call_duration_seconds_count", labels),
    streams: sumOf(samples, "runrpc_server_stream_duration_seconds_count", labels),
    firstMessages: sumOf(samples, "runrpc_server_first_message_seconds_count", labels),
  };
}

for (const lane of ["auto", "stock"] as const)
  describe(`the metrics of calls, lane ${lane}`, () => {
    let subject: Subject;
    before(async () => {
      subject = await start(lane);
    });
    after(() => subject.server.drain());

    const called = async (cell: Cell, inputs: Parameters<typeof exchange>[2], signal?: AbortSignal) => {
      const transport = transportOf(cell, subject.server.url);
      const options = signal === undefined ? { headers: {} } : { headers: {}, signal };
      return outcomeOf(exchange(transport, methods[cell.kind], inputs, options));
    };

    for (const cell of cells.filter((each) => each.lane === lane)) {
      const { protocol, httpVersion, kind } = cell;
      const { inputs, answers } = good[kind];

      it(`a call is counted when it has ended: ${protocol} over HTTP/${httpVersion}, ${kind}`, async () => {
        const { url } = subject.server;
        const earlier = countsOf(await scrape(url), kind);
        assert.equal((await called(cell, inputs)).error, undefined);
        const record = await subject.nextRecord();
        const samples = await scrape(url);
        const counts = countsOf(samples, kind);
        const isUnary = kind === "unary";
        const sendsMany = kind === "server_streaming" || kind === "bidi_streaming";
        assert.deepEqual(counts, {
          open: 0,
          messagesIn: earlier.messagesIn + inputs.length,
          messagesOut: earlier.messagesOut + answers,
          bytesIn: earlier.bytesIn + record.bytesIn,
          bytesOut: earlier.bytesOut + record.bytesOut,
          calls: earlier.calls + (isUnary ? 1 : 0),
          streams: earlier.streams + (isUnary ? 0 : 1),
          firstMessages: earlier.firstMessages + (sendsMany ? 1 : 0),
        });
        assert.ok(record.bytesIn > 0 && record.bytesOut > 0);
        const family = isUnary ? "rpc_server_call_duration_seconds" : "runrpc_server_stream_duration_seconds";
        const system = protocol === "connect" ? "connectrpc" : "grpc";
        const status = protocol === "connect" ? "ok" : "OK";
        const labels = `rpc_system_name="${system}",rpc_method="${nameOf(kind)}",rpc_status_code="${status}",runrpc_kind="${kind}"`;
        assert.ok((samples.get(`${family}_count{${labels}}`) ?? 0) > 0, labels);
      });

      if (kind === "unary" || kind === "client_streaming") continue;
      it(`a stream shows before it ends: ${protocol} over HTTP/${httpVersion}, ${kind}`, async () => {
        const { url } = subject.server;
        const earlier = countsOf(await scrape(url), kind);
        const leave = new AbortController();
        const request =
          kind === "bidi_streaming" ? endless(...inputs, { text: String(STAYS) }) : [{ limit: STAYS }];
        const ended = called(cell, request, leave.signal);
        const open = await scrapeUntil(url, "an open stream with its messages", (samples) => {
          const counts = countsOf(samples, kind);
          return (
            counts.open === 1 &&
            counts.messagesOut >= earlier.messagesOut + 2 &&
            counts.messagesIn >= earlier.messagesIn + 1 &&
            counts.bytesOut > earlier.bytesOut
          );
        });
        assert.equal(countsOf(open, kind).streams, earlier.streams);
        const age = { rpc_method: nameOf(kind) };
        assert.ok(sumOf(open, "runrpc_server_oldest_call_age_seconds", age) > 0);
        leave.abort();
        assert.equal((await ended).error?.code, Code.Canceled);
        const { code } = await subject.nextRecord();
        const after = await scrape(url);
        assert.equal(sumOf(after, "runrpc_server_open_calls"), 0);
        assert.equal(sumOf(after, "runrpc_server_oldest_call_age_seconds"), 0);
        assert.ok(countsOf(after, kind).messagesOut >= countsOf(open, kind).messagesOut);
        assert.ok(countsOf(after, kind).bytesOut >= countsOf(open, kind).bytesOut);
        assert.equal(code, "canceled");
        const status = { ...age, rpc_status_code: protocol === "connect" ? "canceled" : "CANCELLED" };
        assert.ok(sumOf(after, "runrpc_server_stream_duration_seconds_count", status) > 0);
      });
    }

    it("the server's own faults have an error_type, and what a client did has none", async () => {
      const { url } = subject.server;
      for (const [method, label] of [
        [UserService.method.updateUser, 'rpc_status_code="DATA_LOSS",error_type="DATA_LOSS",'],
        [UserService.method.getUser, 'rpc_status_code="INVALID_ARGUMENT",runrpc_kind'],
      ] as const) {
        const transport = transportOf({ protocol: "grpc", httpVersion: "2" }, url);
        const input = method === UserService.method.getUser ? { id: "no uuid" } : { id: userId };
        await outcomeOf(exchange(transport, method, [input], { headers: {} }));
        await subject.nextRecord();
        const samples = await scrape(url);
        const found = [...samples].filter(
          ([name]) => name.startsWith("rpc_server_call_duration_seconds_count") && name.includes(label),
        );
        assert.deepEqual(
          found.map(([, value]) => value),
          [1],
          label,
        );
      }
    });

    it("10,000 invented methods, hostile ones too, make one series for each outcome", async () => {
      const { url } = subject.server;
      const hostile = ['/a"}1/b', "/a\\/b", "/x.Y/Z{a=b}", "/%0A/%22", `/${"x".repeat(4_000)}/y`];
      const paths = [...hostile, ...Array.from({ length: 10_000 - hostile.length }, (_, n) => `/no.S/M${n}`)];
      const before = await scrape(url);
      const session = connect(url);
      const post = async (path: string): Promise<number> => {
        const stream = session.request({
          ":method": "POST",
          ":path": path,
          "content-type": "application/json",
        });
        stream.end("{}");
        const [headers] = await once(stream, "response");
        await once(stream.resume(), "close");
        return Number(headers[":status"]);
      };
      const statuses: number[] = [];
      while (paths.length > 0) statuses.push(...(await Promise.all(paths.splice(0, 50).map(post))));
      session.close();
      assert.deepEqual([...new Set(statuses)], [404]);
      const after = await scrapeUntil(
        url,
        "10,000 calls of methods that nobody serves",
        (samples) =>
          sumOf(samples, "rpc_server_call_duration_seconds_count", { rpc_method: "_OTHER" }) === 10_000,
      );
      const other = [...after.keys()].filter((name) => name.includes("_OTHER") && name.includes("_count{"));
      assert.deepEqual(other, [
        'rpc_server_call_duration_seconds_count{rpc_system_name="connectrpc",rpc_method="_OTHER",rpc_status_code="unimplemented",error_type="unimplemented",runrpc_kind="unknown"}',
      ]);
      assert.equal(sumOf(after, "runrpc_refusals_total", { reason: "unknown_method" }), 10_000);
      // Beside the buckets, sum and count of that one, its messages, bytes, open calls and their age.
      assert.equal(after.size - before.size, 17 + 6);
    });

    it("what the gate and HTTP refuse is counted by its reason", async () => {
      const { url } = subject.server;
      const path = `${url}/${nameOf("unary")}`;
      const status = async (init: RequestInit) => (await fetch(path, init)).status;
      assert.equal(await status({ method: "PUT" }), 405);
      assert.equal(
        await status({ method: "POST", body: "x", headers: { "content-type": "text/html" } }),
        415,
      );
      const headers = { "content-type": "application/json", "connect-timeout-ms": "soon" };
      assert.equal(await status({ method: "POST", body: "{}", headers }), 400);
      await scrapeUntil(
        url,
        "two unsupported requests and one invalid argument",
        (samples) =>
          sumOf(samples, "runrpc_refusals_total", { reason: "unsupported_request" }) === 2 &&
          sumOf(samples, "runrpc_refusals_total", { reason: "invalid_argument" }) === 1,
      );
    });
  });
