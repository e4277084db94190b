// Streams of requests by calls that a browser can make: what comes of them is what comes of the call itself.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { type OpenStreamResponse, PageService } from "../../../gen/runrpc/web/v1/page_pb.ts";
import { startTestApp, type TestApp } from "../../../src/runrpc/testing/test-app.ts";
import definition from "../../app/main.ts";

const CHAT = "rig.chat.v1.ChatService/Chat";
const UPLOAD = "rig.logs.v1.LogService/UploadLogs";

for (const lane of ["auto", "stock"] as const)
  describe(`streams of requests for a page, lane ${lane}`, () => {
    let app: TestApp;
    let page: Client<typeof PageService>;
    before(async () => {
      app = await startTestApp(definition, { config: { "server.lane": lane } });
      page = clientWith(app.key);
    });
    after(() => app[Symbol.asyncDispose]());

    function clientWith(key: string): Client<typeof PageService> {
      const transport = createConnectTransport({
        baseUrl: app.url,
        httpVersion: "1.1",
        interceptors: [
          (next) => (request) => {
            request.header.set("x-api-key", key);
            return next(request);
          },
        ],
      });
      return createClient(PageService, transport);
    }

    /** Opens a stream, up to its session. */
    async function open(method: string, timeoutMs?: number, client = page) {
      const controller = new AbortController();
      const request = timeoutMs === undefined ? { method } : { method, timeoutMs };
      const responses = client.openStream(request, { signal: controller.signal });
      const events = responses[Symbol.asyncIterator]();
      const next = async (): Promise<OpenStreamResponse["event"]> =>
        (await events.next()).value?.event ?? none;
      const first = await next();
      return {
        first,
        session: first.case === "session" ? first.value : "",
        next,
        leave: () => controller.abort(),
      };
    }

    const none = { case: undefined } as OpenStreamResponse["event"];

    function sayAs(session: string) {
      let number = 0;
      return (request: object | undefined) =>
        page.sendMessage({
          session,
          number: ++number,
          request:
            request === undefined
              ? { case: "end", value: true }
              : { case: "message", value: JSON.stringify(request) },
        });
    }

    const jsonOf = (event: OpenStreamResponse["event"]) =>
      event.case === "message" ? (JSON.parse(event.value) as Record<string, unknown>) : undefined;

    const errorOf = (event: OpenStreamResponse["event"]) =>
      event.case === "end" && event.value.error !== ""
        ? (JSON.parse(event.value.error) as { readonly code: string; readonly message: string })
        : undefined;

    /** The records of calls, but for those that the page's own service has. */
    async function recordOf(method: string) {
      for (;;) {
        const record = await app.nextRecord();
        if (record.method === method) return record;
      }
    }

    it("both ways at once: messages, headers before the first one, half-close, the end", async () => {
      const { session, next } = await open(CHAT);
      const say = sayAs(session);
      await say({ room: "a", text: "one" });
      const headers = await next();
      assert.equal(headers.case, "headers");
      assert.equal(jsonOf(await next())?.kind, "KIND_JOINED");
      assert.equal(jsonOf(await next())?.text, "Received: one");
      await say({ text: "two" });
      assert.equal(jsonOf(await next())?.text, "Received: two");
      await say(undefined);
      const end = await next();
      assert.deepEqual([end.case, errorOf(end)], ["end", undefined]);
      const { code, messagesIn, messagesOut, kind, subject } = await recordOf("Chat");
      assert.deepEqual([code, messagesIn, messagesOut, kind], ["ok", 2, 3, "bidi_streaming"]);
      assert.notEqual(subject, undefined);
      await assert.rejects(say({ text: "late" }), isCode(Code.NotFound));
    });

    it("a stream of requests with one answer", async () => {
      const { session, next } = await open(UPLOAD);
      const say = sayAs(session);
      await say({ entries: [{ message: "a" }, { message: "b" }] });
      await say(undefined);
      assert.equal((await next()).case, "headers");
      assert.deepEqual(jsonOf(await next()), { logsReceived: "2" });
      assert.equal((await next()).case, "end");
      assert.equal((await recordOf("UploadLogs")).messagesOut, 1);
    });

    it("a message that breaks a rule ends the call with the violation at its field", async () => {
      const { session, next } = await open(UPLOAD);
      await sayAs(session)({ entries: [{ message: "a" }, {}] });
      const end = await next();
      const { code, details } = JSON.parse(end.case === "end" ? end.value.error : "{}");
      assert.equal(code, "invalid_argument");
      const [{ field }] = details[0].debug.violations;
      const [{ fieldName, index }, { fieldName: inner }] = field.elements;
      assert.deepEqual([fieldName, index, inner], ["entries", "1", "message"]);
      assert.equal((await recordOf("UploadLogs")).code, "invalid_argument");
    });

    it("a request arrives once, however often it is sent, and none is passed over", async () => {
      const { session, next, leave } = await open(CHAT);
      const value = JSON.stringify({ room: "b", text: "one" });
      const one = { session, number: 1, request: { case: "message", value } } as const;
      await page.sendMessage(one);
      await page.sendMessage(one);
      await assert.rejects(page.sendMessage({ ...one, number: 3 }), isCode(Code.OutOfRange));
      const wrong = { ...one, number: 2, request: { case: "message", value: "{" } } as const;
      await assert.rejects(page.sendMessage(wrong), isCode(Code.InvalidArgument));
      await page.sendMessage({ ...one, number: 2, request: { case: "message", value: '{"text":"two"}' } });
      const texts = [];
      for (let count = 0; count < 4; count++) texts.push(jsonOf(await next())?.text);
      assert.deepEqual(texts, [undefined, undefined, "Received: one", "Received: two"]);
      leave();
      assert.equal((await recordOf("Chat")).messagesIn, 2);
    });

    it("whoever leaves the stream cancels the call", async () => {
      const { session, leave } = await open(CHAT);
      leave();
      const { code, cancelledBy } = await recordOf("Chat");
      assert.deepEqual([code, cancelledBy], ["canceled", "client"]);
      await assert.rejects(sayAs(session)({ text: "late" }), isCode(Code.NotFound));
    });

    it("the deadline is the call's", async () => {
      const { next } = await open(CHAT, 50);
      assert.equal(errorOf(await next())?.code, "deadline_exceeded");
      const { code, cancelledBy } = await recordOf("Chat");
      assert.deepEqual([code, cancelledBy], ["deadline_exceeded", "deadline"]);
    });

    it("what the key may not call, it may not call so", async () => {
      const key = await app.createKey({ scopes: ["admin"] });
      const { first } = await open(CHAT, undefined, clientWith(key));
      assert.equal(errorOf(first)?.code, "permission_denied");
      assert.equal((await recordOf("Chat")).code, "permission_denied");
    });

    it("a key without the scope admin is refused, and so is none", async () => {
      const key = await app.createKey({ scopes: ["chat"] });
      await assert.rejects(open(CHAT, undefined, clientWith(key)), isCode(Code.PermissionDenied));
      await assert.rejects(clientWith("").getSchema({}), isCode(Code.Unauthenticated));
    });

    it("a session is its key's alone", async () => {
      const { session, leave } = await open(CHAT);
      const other = clientWith(await app.createKey({ scopes: ["*"] }));
      const request = { case: "message", value: "{}" } as const;
      await assert.rejects(other.sendMessage({ session, number: 1, request }), isCode(Code.NotFound));
      leave();
      await recordOf("Chat");
    });

    it("a method that takes one request, and one that is not there, have no bridge", async () => {
      await assert.rejects(open("rig.users.v1.UserService/GetUser"), isCode(Code.InvalidArgument));
      await assert.rejects(open("no.such.Service/Method"), isCode(Code.NotFound));
    });
  });

function isCode(code: Code): (reason: unknown) => boolean {
  return (reason) => ConnectError.from(reason).code === code;
}
