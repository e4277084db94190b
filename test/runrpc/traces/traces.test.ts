import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { defineApp } from "runrpc";
import { startTestApp, type TestApp } from "runrpc/testing";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import { endless, exchange, outcomeOf, transportOf } from "../../wire/matrix/calls.ts";
import type { Modules } from "../debug/slow/worker.ts";
import { type CollectedSpan, type Collector, openCollector } from "./collector.ts";

const userId = "00000000-0000-4000-8000-000000000001";
const SERVER = 2;
const CLIENT = 3;

/** A span of a client elsewhere, as W3C Trace Context writes it. */
const remote = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const traceparent = `00-${remote.traceId}-${remote.spanId}-01`;

const definition = defineApp<Modules>({
  services: ({ queries }) => [
    partOfService(UserService, {
      async getUser(_request, { signal }) {
        await new Promise(setImmediate);
        trace.getTracer("test").startSpan("the handler's own").end();
        await queries.numbers.count({ to: 3 }, { signal });
        return {};
      },
      async *streamUsers(_request, { signal }) {
        yield {};
        await queries.numbers.count({ to: 2 }, { signal });
        trace.getTracer("test").startSpan("the stream's own").end();
        yield {};
      },
      updateUser() {
        throw new Error("a bug");
      },
      listUsers() {
        throw new ConnectError("no such page", Code.NotFound);
      },
    }),
    partOfService(ChatService, {
      async *chat(requests, { signal }) {
        for await (const { text } of requests) {
          yield {};
          if (text === "stay" && !signal.aborted) await once(signal, "abort");
        }
      },
    }),
  ],
  worker: new URL("../debug/slow/worker.ts", import.meta.url),
});

for (const lane of ["auto", "stock"])
  describe(`the spans of calls, lane ${lane}`, () => {
    let collector: Collector;
    let provider: TracerProvider;
    let app: TestApp;

    before(async () => {
      collector = await openCollector();
      provider = new TracerProvider({
        spanProcessors: [
          new SimpleSpanProcessor({ exporter: new OTLPTraceExporter({ url: collector.url }) }),
        ],
      });
      trace.setGlobalTracerProvider(provider);
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      // Where the process has no propagator, traceparent is read all the same.
      if (lane === "stock") propagation.setGlobalPropagator(new W3CTraceContextPropagator());
      app = await startTestApp(definition, {
        config: { "server.lane": lane, "traces.stream_interval_ms": "20", "traces.grpc_trace_bin": "true" },
      });
    });
    after(async () => {
      await app[Symbol.asyncDispose]();
      await provider.shutdown();
      await collector.close();
      trace.disable();
      context.disable();
      propagation.disable();
    });

    const serverSpan = (requestId: string): Promise<CollectedSpan> =>
      collector.next(
        `the call ${requestId}`,
        ({ kind, attributes }) => kind === SERVER && attributes["runrpc.request_id"] === requestId,
      );
    const childOf = (parent: CollectedSpan, name: string): Promise<CollectedSpan> =>
      collector.next(
        `${name} of ${parent.name}`,
        (span) => span.name === name && span.parentSpanId === parent.spanId,
      );

    for (const [protocol, system, ok] of [
      ["grpc", "grpc", "OK"],
      ["grpc-web", "grpc", "OK"],
      ["connect", "connectrpc", "ok"],
    ] as const)
      it(`a call is a part of its caller's trace, with its query and its handler's own span in it: ${protocol}`, async () => {
        const requestId = `unary-${lane}-${protocol}`;
        const headers = { "x-api-key": app.key, "x-request-id": requestId, traceparent };
        const transport = transportOf({ protocol, httpVersion: "2" }, app.url);
        const call = exchange(transport, UserService.method.getUser, [{ id: userId }], { headers });
        assert.equal((await outcomeOf(call)).error, undefined);
        const record = await app.nextRecord();
        const span = await serverSpan(requestId);
        assert.deepEqual([span.traceId, span.parentSpanId], [remote.traceId, remote.spanId]);
        assert.equal(span.name, "rig.users.v1.UserService/GetUser");
        assert.equal(record.traceId, remote.traceId);
        assert.equal(span.status, 0);
        const { attributes } = span;
        assert.deepEqual(
          [attributes["rpc.system.name"], attributes["rpc.method"], attributes["rpc.status_code"]],
          [system, "rig.users.v1.UserService/GetUser", ok],
        );
        assert.deepEqual(
          [attributes["client.address"], attributes["network.protocol.version"], attributes["runrpc.kind"]],
          ["127.0.0.1", "2", "unary"],
        );
        assert.deepEqual(
          [attributes["runrpc.messages_in"], attributes["runrpc.messages_out"], attributes["error.type"]],
          ["1", "1", undefined],
        );
        const query = await childOf(span, "numbers.count");
        assert.equal(query.kind, CLIENT);
        assert.deepEqual(query.attributes, {
          "db.system.name": "sqlite",
          "db.query.summary": "numbers.count",
        });
        await childOf(span, "the handler's own");
      });

    it("a streaming handler runs in the context of its call, after each message too", async () => {
      const requestId = `stream-${lane}`;
      const headers = { "x-request-id": requestId };
      for await (const _ of app.client(UserService).streamUsers({}, { headers }));
      const span = await serverSpan(requestId);
      assert.equal(span.parentSpanId, "");
      assert.equal(span.attributes["runrpc.messages_out"], "2");
      await childOf(span, "numbers.count");
      await childOf(span, "the stream's own");
      await app.nextRecord();
    });

    it("a stream that lasts shows before it ends, with what passed in each part", async () => {
      const requestId = `open-${lane}`;
      const leave = new AbortController();
      const ended = outcomeOf(
        exchange(
          transportOf({ protocol: "grpc", httpVersion: "2" }, app.url),
          ChatService.method.chat,
          endless({ room: "a", text: "b" }, { text: "stay" }),
          { headers: { "x-api-key": app.key, "x-request-id": requestId, traceparent }, signal: leave.signal },
        ),
      );
      const isPart = ({ name, parentSpanId }: CollectedSpan): boolean =>
        name === "rig.chat.v1.ChatService/Chat still open" && parentSpanId !== "";
      await collector.next(
        "a part with messages",
        (span) => isPart(span) && span.attributes["runrpc.messages_out"] !== "0",
      );
      await collector.next(
        "a part without any",
        (span) => isPart(span) && span.attributes["runrpc.messages_out"] === "0",
      );
      assert.ok(!collector.spans.some(({ attributes }) => attributes["runrpc.request_id"] === requestId));
      leave.abort();
      await ended;
      const span = await serverSpan(requestId);
      const parts = collector.spans.filter((part) => isPart(part) && part.parentSpanId === span.spanId);
      assert.ok(parts.length >= 2);
      const sum = parts.reduce(
        (messages, { attributes }) => messages + Number(attributes["runrpc.messages_out"]),
        0,
      );
      assert.equal(sum, 2);
      assert.deepEqual(
        [span.attributes["rpc.status_code"], span.attributes["runrpc.cancelled_by"], span.status],
        ["CANCELLED", "client", 0],
      );
      await app.nextRecord();
    });

    it("a fault of the server is an error of its span, and what a client did is none", async () => {
      const { updateUser, listUsers } = app.client(UserService);
      await assert.rejects(updateUser({ id: userId }, { headers: { "x-request-id": `bug-${lane}` } }));
      const bug = await serverSpan(`bug-${lane}`);
      assert.deepEqual([bug.status, bug.attributes["error.type"]], [2, "INTERNAL"]);
      await assert.rejects(listUsers({}, { headers: { "x-request-id": `page-${lane}` } }));
      const page = await serverSpan(`page-${lane}`);
      assert.deepEqual([page.status, page.attributes["error.type"]], [0, undefined]);
      assert.equal(page.attributes["rpc.status_code"], "NOT_FOUND");
      for (let calls = 0; calls < 2; calls++) await app.nextRecord();
    });

    it("a method that nobody serves names no span", async () => {
      const headers = { "content-type": "application/json", "x-request-id": `nobody-${lane}` };
      await fetch(`${app.url}/no.such.Service/Method`, { method: "POST", headers, body: "{}" });
      const span = await serverSpan(`nobody-${lane}`);
      assert.deepEqual(
        [span.name, span.attributes["rpc.method"], span.attributes["rpc.method_original"]],
        ["connectrpc", "_OTHER", "no.such.Service/Method"],
      );
      await app.nextRecord();
    });

    it("grpc-trace-bin is read where there is no traceparent; what is malformed begins a trace", async () => {
      const binary = Buffer.from(`0000${remote.traceId}01${remote.spanId}0201`, "hex").toString("base64");
      for (const [name, headers, parent] of [
        ["binary", { "grpc-trace-bin": binary }, remote.spanId],
        ["short", { "grpc-trace-bin": binary.slice(4) }, ""],
        ["zero", { traceparent: `00-${"0".repeat(32)}-${remote.spanId}-01` }, ""],
        ["long", { traceparent: `00-${"a".repeat(3_000)}` }, ""],
        ["future", { traceparent: `01-${remote.traceId}-${remote.spanId}-01-more` }, remote.spanId],
      ] as const) {
        const requestId = `${name}-${lane}`;
        await app
          .client(UserService)
          .getUser({ id: userId }, { headers: { ...headers, "x-request-id": requestId } });
        assert.equal((await serverSpan(requestId)).parentSpanId, parent, name);
        await app.nextRecord();
      }
    });
  });
