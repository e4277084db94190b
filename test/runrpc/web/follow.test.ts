// What the page is told of a call in the server: of every kind by its report, and of a stream of requests while it is open.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { defineApp } from "runrpc";
import { startTestApp, type TestApp } from "runrpc/testing";
import { OpenStreamResponse_Step_Kind as Kind, PageService } from "../../../gen/runrpc/web/v1/page_pb.ts";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import type { Modules } from "../debug/slow/worker.ts";

const definition = defineApp<Modules>({
  services: ({ queries }) => [
    partOfService(UserService, {
      async getUser(_request, { signal }) {
        await queries.numbers.count({ to: 3 }, { signal });
        return {};
      },
      async *streamUsers(_request, { signal }) {
        for (let n = 0; n < 120; n++) await queries.numbers.count({ to: 1 }, { signal });
        yield {};
      },
    }),
    partOfService(ChatService, {
      async *chat(requests, { signal }) {
        for await (const { text } of requests) {
          await queries.numbers.count({ to: 2 }, { signal });
          yield { text };
        }
      },
    }),
  ],
  worker: new URL("../debug/slow/worker.ts", import.meta.url),
});

const id = "00000000-0000-4000-8000-000000000001";
const kinds = new Map<number, string>(Object.entries(Kind).map(([name, kind]) => [kind, name]));

for (const lane of ["auto", "stock"])
  for (const debug of ["true", "false"])
    describe(`the report of a call, lane ${lane}, debug mode ${debug}`, () => {
      let app: TestApp;
      let page: Client<typeof PageService>;
      before(async () => {
        app = await startTestApp(definition, {
          config: {
            "server.lane": lane,
            "server.debug": debug,
            ...(debug === "true" ? { "debug.block_ms": "20000" } : {}),
          },
        });
        page = app.client(PageService);
      });
      after(() => app[Symbol.asyncDispose]());

      const named = (name: string) => ({ headers: { "x-runrpc-follow": name } });

      it("tells what its time went to, its queries by name, and its record", async () => {
        await app.client(UserService).getUser({ id }, named("unary"));
        const { call, admittedMs, handlerDoneMs, queries } = await page.getReport({ name: "unary" });
        assert.deepEqual(
          [call?.method, call?.code, call?.messagesIn, call?.messagesOut],
          ["rig.users.v1.UserService/GetUser", "ok", 1n, 1n],
        );
        const [query, ...others] = queries;
        assert.deepEqual([query?.name, query?.failed, others], ["numbers.count", false, []]);
        const { atMs = 0, waitedMs = 0, ranMs = 0 } = query ?? {};
        const times = [0, admittedMs, atMs, atMs + waitedMs, atMs + waitedMs + ranMs, handlerDoneMs];
        assert.deepEqual(
          times.toSorted((one, other) => one - other),
          times,
          "one after the other",
        );
        assert.ok(
          admittedMs > 0 && waitedMs + ranMs > 0 && handlerDoneMs <= (call?.durationMs ?? 0),
          String(times),
        );
      });

      it("has the latest hundred queries, and counts the others", async () => {
        await Array.fromAsync(app.client(UserService).streamUsers({}, named("many")));
        const { queries, leftOutQueries } = await page.getReport({ name: "many" });
        assert.deepEqual([queries.length, leftOutQueries], [100, 20]);
      });

      it("is there for who was refused, and waits for the end of a call that is open", async () => {
        const stranger = app.client(UserService, { key: "" });
        await assert.rejects(stranger.getUser({ id }, named("refused")));
        const refused = await page.getReport({ name: "refused" });
        assert.deepEqual([refused.call?.code, refused.admittedMs], ["unauthenticated", 0]);
        const ended = Promise.withResolvers<void>();
        async function* requests() {
          yield { text: "a" };
          await ended.promise;
        }
        const chat = app.client(ChatService).chat(requests(), named("open"))[Symbol.asyncIterator]();
        await chat.next();
        await assert.rejects(
          page.getReport({ name: "open" }, { timeoutMs: 50 }),
          ({ code }: ConnectError) => code === Code.DeadlineExceeded,
        );
        ended.resolve();
        await chat.next();
        const { call } = await page.getReport({ name: "open" });
        assert.deepEqual([call?.code, call?.messagesIn], ["ok", 1n]);
      });

      it("is of calls that asked for one, and of the last hundred of them", async () => {
        const { getUser } = app.client(UserService);
        await assert.rejects(page.getReport({ name: "unheard of" }), isNotFound);
        await getUser({ id }, named("first"));
        await page.getReport({ name: "first" });
        await getUser({ id }, named("x".repeat(65)));
        for (let n = 0; n < 99; n++) await getUser({ id }, named("again"));
        await page.getReport({ name: "first" });
        await getUser({ id }, named("last"));
        await page.getReport({ name: "last" });
        await assert.rejects(page.getReport({ name: "first" }), isNotFound);
        // One more pushes out the first call of that name, which is another call's by then.
        await getUser({ id }, named("x".repeat(64)));
        for (const name of ["again", "x".repeat(64)]) await page.getReport({ name });
      });

      it("a stream of requests tells each step as it happens, before what it brings about", async () => {
        const request = { method: "rig.chat.v1.ChatService/Chat" };
        const responses = page.openStream(request, named("chat"));
        const seen: string[] = [];
        let before = 0;
        for await (const { event, atMs } of responses) {
          assert.ok(atMs >= before, "the times rise");
          before = atMs;
          if (event.case === "step") {
            const { kind, number, query } = event.value;
            seen.push([kinds.get(kind), number || query].filter(Boolean).join(" "));
          } else seen.push(event.case ?? "");
          if (event.case !== "session") continue;
          const session = event.value;
          const message = { case: "message", value: '{"text": "one"}' } as const;
          await page.sendMessage({ session, number: 1, request: message });
          await page.sendMessage({ session, number: 2, request: { case: "end", value: true } });
        }
        const admitted = seen.indexOf("ADMITTED");
        assert.ok(admitted >= 0 && admitted < seen.indexOf("TAKEN 1"), String(seen));
        assert.deepEqual(
          seen.filter((one) => one !== "ADMITTED"),
          ["session", "TAKEN 1", "QUERIED numbers.count", "headers", "message", "DONE", "end"],
        );
        const { call } = await page.getReport({ name: "chat" });
        assert.deepEqual(
          [call?.method, call?.messagesIn, call?.messagesOut],
          ["rig.chat.v1.ChatService/Chat", 1n, 1n],
        );
      });

      it("without a name a stream tells no steps", async () => {
        const cases: unknown[] = [];
        for await (const { event } of page.openStream({ method: "rig.chat.v1.ChatService/Chat" })) {
          cases.push(event.case);
          if (event.case === "session")
            await page.sendMessage({
              session: event.value,
              number: 1,
              request: { case: "end", value: true },
            });
        }
        assert.deepEqual(cases, ["session", "headers", "end"]);
      });
    });

function isNotFound(reason: unknown): boolean {
  return ConnectError.from(reason).code === Code.NotFound;
}
