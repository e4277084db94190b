// What the page shows of a call besides its answer, in Chromium: both sides of a stream while it is open, what its time went to, its
// record and its trace. With PAGE_PICTURES, a folder, it takes the picture that docs/page.md shows: both-sides-light-1440.png.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { defineApp } from "runrpc";
import { startTestApp, type TestApp } from "runrpc/testing";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import { type Browser, findChromium, startBrowser } from "../../wire/browser/chromium.ts";
import { lookOver, openServedPage, type ServedPage } from "../../wire/browser/served-page.ts";
import type { Modules } from "../debug/slow/worker.ts";

const { path, skip } = findChromium();

/** Longer than a browser lays out at once, in characters. */
const HUGE = "x ".repeat(5_000_000);

const definition = defineApp<Modules>({
  services: ({ queries }) => [
    partOfService(UserService, {
      async getUser(_request, { signal }) {
        await queries.numbers.count({ to: 3 }, { signal });
        throw new ConnectError("<b>nobody</b>", Code.NotFound);
      },
      listUsers: () => ({ users: [{ displayName: `${HUGE}</pre><img src=x onerror="globalThis.hit=1">` }] }),
      async *streamUsers() {
        for (let n = 0; n < 10_000; n++) yield { user: { displayName: `<i>${n}</i>` } };
      },
    }),
    partOfService(ChatService, {
      async *chat(requests, { signal }) {
        for await (const { text } of requests) {
          await queries.numbers.count({ to: 2 }, { signal });
          yield { text: `heard ${text}` };
        }
      },
    }),
  ],
  worker: new URL("../debug/slow/worker.ts", import.meta.url),
});

describe("a call on the page in Chromium", { skip, timeout: 240_000 }, () => {
  let app: TestApp;
  let browser: Browser;
  let served: ServedPage;
  const provider = new TracerProvider();

  before(async () => {
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    app = await startTestApp(definition, {
      config: { "traces.link": "https://traces.example/trace/{trace_id}?from=runrpc", "log.mode": "all" },
    });
    browser = await startBrowser(path);
    served = await openServedPage(browser, app.app.pageLink ?? "");
  });
  after(async () => {
    await browser?.close();
    await app?.[Symbol.asyncDispose]();
    await provider.shutdown();
    trace.disable();
    context.disable();
  });
  afterEach(() => served.check());

  const button = (name: string) => served.page.getByRole("button", { name, exact: true });
  const json = () => served.page.getByLabel("The request as JSON");
  const status = (text: string) => served.page.locator(".status", { hasText: text }).waitFor();
  const part = (name: string) => served.page.locator(".report").getByRole("row", { name });

  async function open(method: string): Promise<void> {
    await served.open(`/${method}`);
    await served.page.getByRole("heading", { level: 1, name: method }).waitFor();
  }

  it("both sides of a stream are seen while it is open, and its record when it has ended", async () => {
    const { page } = served;
    await open("rig.chat.v1.ChatService/Chat");
    const steps = page.getByRole("list", { name: "In the server" }).getByRole("listitem");
    for (const text of ["one", "two"]) {
      await json().fill(JSON.stringify({ text }));
      await button("Send message").click();
      await page.locator(".passed.received", { hasText: `heard ${text}` }).waitFor();
    }
    const texts = (await steps.allTextContents()).map((text) =>
      // A query tells less than a millisecond as that.
      text.replace(/(under )?[\d.]+ (ms|s)/g, "#"),
    );
    const request = (n: number) => [
      `#request ${n} takenafter # in its queue`,
      "#query numbers.count#, after # in its queue",
      `#response ${n} given`,
    ];
    assert.deepEqual(texts, ["#let in by the gate", ...request(1), ...request(2)]);
    await page.locator(".status", { hasText: "Running… · 2 sent, 2 received" }).waitFor();
    await lookOver(page, "both-sides");
    await button("End requests").click();
    await status("OK");
    await steps.filter({ hasText: "handler done" }).waitFor();
    await page.locator(".report > summary", { hasText: "2 queries" }).click();
    assert.equal(await part("numbers.count").count(), 2);
    await page.locator(".facts-of-call").getByText("2 messages").first().waitFor();
    await lookOver(page, "report");
  });

  it("of a call that failed it is told what its time went to, and where its record and its trace are", async () => {
    const { page } = served;
    await open("rig.users.v1.UserService/GetUser");
    await json().fill('{"id": "00000000-0000-4000-8000-000000000001"}');
    await button("Send").click();
    await status("not_found");
    await page.locator(".report > summary", { hasText: "1 query" }).click();
    for (const name of ["gate", "request and handler", "numbers.count", "answer"])
      await part(name)
        .getByRole("cell", { name: /^[\d.]+ ms$/ })
        .first()
        .waitFor();
    const { traceId = "", requestId } = await recordOf("GetUser");
    assert.match(traceId, /^[0-9a-f]{32}$/);
    const traceUrl = `https://traces.example/trace/${traceId}?from=runrpc`;
    const link = page.locator(".status").getByRole("link", { name: traceId });
    assert.equal(await link.getAttribute("href"), traceUrl);
    assert.equal(await link.getAttribute("rel"), "noreferrer");
    // The record of the request log leads there, too.
    await page.getByRole("link", { name: "Its record" }).click();
    const row = page.locator(".calls a").first();
    await page.getByRole("button", { name: "Search" }).waitFor();
    while ((await row.count()) === 0) {
      const answered = page.waitForResponse((response) => response.url().endsWith("/ListCalls"));
      await page.getByRole("button", { name: "Search" }).click();
      await (await answered).finished();
    }
    await row.click();
    const record = page.locator(".record");
    await record.getByText(requestId).waitFor();
    assert.equal(await record.getByRole("link", { name: traceId }).getAttribute("href"), traceUrl);
  });

  it("a call that the gate refused has spent its time there", async () => {
    const { page } = served;
    await open("rig.users.v1.UserService/GetUser");
    await button("+ header").click();
    await page.getByLabel("header name").fill("x-api-key");
    await page.getByLabel("header value").fill("nobody's");
    await button("Send").click();
    await status("unauthenticated");
    await page.locator(".report > summary").click();
    await part("gate").getByRole("cell", { name: "not let in" }).waitFor();
    assert.equal(await part("answer").count(), 0);
    await page.reload();
  });

  it("ten thousand messages pass, of which the last ones are kept", async () => {
    const { page } = served;
    await open("rig.users.v1.UserService/StreamUsers");
    await button("Send").click();
    await status("OK");
    await page.getByText("10000 received").waitFor();
    await page.getByText("9500 earlier messages are not kept.").waitFor();
    assert.equal(await page.locator(".passed").count(), 500);
    await page.locator(".passed", { hasText: "<i>9999</i>" }).waitFor();
  });

  it("an answer of ten million characters is shown in part, and is text", async () => {
    const { page } = served;
    await open("rig.users.v1.UserService/ListUsers");
    await button("Send").click();
    await status("OK");
    await page.getByText(/^\d+ more characters are copied, and not shown\.$/).waitFor();
    const shown = (await page.locator(".whole pre").textContent()) ?? "";
    assert.equal(shown.length, 1_000_000);
    assert.equal(await page.evaluate(() => "hit" in globalThis), false);
  });

  async function recordOf(method: string) {
    for (;;) {
      const record = await app.nextRecord();
      if (record.method === method) return record;
    }
  }
});
