// The view of the page that searches the request log, in Chromium: a call of another client is opened from it and made again.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import Database from "better-sqlite3";
import { startTestApp, type TestApp } from "runrpc/testing";
import definition from "../../app/main.ts";
import { SecretService } from "../../gen/rig/secrets/v1/secrets_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import { type Browser, findChromium, startBrowser } from "../../wire/browser/chromium.ts";
import { lookOver, openServedPage, type ServedPage } from "../../wire/browser/served-page.ts";

const { path, skip } = findChromium();
const put = "rig.secrets.v1.SecretService/Put";
const name = '<img src=x onerror="globalThis.hit=1">';

/** The tests' application, and a method that always fails. */
const failing: typeof definition = {
  ...definition,
  services: (parts) => [
    ...definition.services(parts),
    partOfService(SecretService, {
      put() {
        throw new ConnectError(`nobody is called ${name}`, Code.NotFound);
      },
    }),
  ],
};

describe("the log of the page in Chromium", { skip, timeout: 240_000 }, () => {
  let app: TestApp;
  let browser: Browser;
  let served: ServedPage;

  before(async () => {
    app = await startTestApp(failing, { config: { "log.mode": "all", "log.requests": "true" } });
    browser = await startBrowser(path);
    served = await openServedPage(browser, app.app.pageLink ?? "");
    const account = { name, password: "hunter2" };
    const headers = { "x-request-id": "failed-1" };
    const client = app.client(SecretService);
    await assert.rejects(client.put({ account }, { headers }), { code: Code.NotFound });
  });
  after(async () => {
    await browser?.close();
    await app?.[Symbol.asyncDispose]();
  });
  afterEach(() => served.check());

  const rows = () => served.page.locator(".calls a");
  const search = () => served.page.getByRole("button", { name: "Search" });
  const record = () => served.page.locator(".record");

  /** Looks for calls until there is one: records wait a moment before they are written. */
  async function find(place: string): Promise<void> {
    await served.open(place);
    await search().waitFor();
    while ((await rows().count()) === 0) {
      const answered = served.page.waitForResponse((response) => response.url().endsWith("/ListCalls"));
      await search().click();
      await (await answered).finished();
      await served.page.locator(".state:not(:empty)").waitFor();
    }
  }

  it("a failed call of another client is opened from it, and replayed without what is sensitive", async () => {
    const { page } = served;
    await find("log/?request_id=failed-1");
    await rows().first().focus();
    await page.keyboard.press("Enter");
    await record().getByText("nobody is called <img").waitFor();
    await record().getByText("left out: account.password").waitFor();
    await record().getByLabel("Request").getByText("onerror").waitFor();
    assert.doesNotMatch(await page.content(), /hunter2/);
    await lookOver(page, "log");
    await page.getByRole("button", { name: "Replay" }).click();
    await page.getByRole("heading", { level: 1, name: put }).waitFor();
    const json = page.getByLabel("The request as JSON");
    assert.deepEqual(JSON.parse(await json.inputValue()), { account: { name } });
    assert.equal(await page.locator('[data-field="name"] textarea').first().inputValue(), name);
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.locator(".status", { hasText: "not_found" }).waitFor();
    assert.equal(await page.evaluate(() => "hit" in globalThis), false);
    // And from the new call to its own record.
    const link = (await page.getByRole("link", { name: "Its record" }).getAttribute("href")) ?? "";
    await find(link.slice(1));
    assert.equal(await rows().count(), 1);
  });

  it("what strangers call their calls is text: methods that nobody serves, ids, and whoever they say they are", async () => {
    const { page } = served;
    const markup = '<img src=x onerror="globalThis.hit=1">';
    const answer = await fetch(`${app.url}/${encodeURIComponent(markup)}/${encodeURIComponent(markup)}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": markup,
        "x-request-id": "odd-1",
        "x-forwarded-for": markup,
        "x-runrpc-follow": markup,
      },
      body: "{}",
    });
    assert.equal(answer.status, 404);
    await find("log/?request_id=odd-1");
    await rows().first().click();
    await record().getByText("unimplemented", { exact: true }).waitFor();
    await record().getByRole("heading", { name: "img" }).waitFor();
    assert.equal(await page.evaluate(() => "hit" in globalThis), false);
    assert.equal(await page.locator("main img, main script").count(), 0);
    // Nobody serves it: there is no form to open.
    assert.equal(await record().getByRole("button", { name: "Open in the explorer" }).count(), 0);
  });

  it("what is looked for is what the server is asked for", async () => {
    const { page } = served;
    await find("log/?request_id=failed-1");
    const filter = page.getByRole("search");
    await filter.getByLabel("Method").fill(put);
    await filter.getByLabel("Key").fill("rr_nobody");
    await filter.getByLabel("Took at least, ms").fill("0.5");
    await filter.getByLabel("From").fill("2026-01-01T00:00:00");
    const asked = page.waitForRequest((request) => request.url().endsWith("/ListCalls"));
    await filter.getByLabel("Code").selectOption("error");
    assert.deepEqual((await asked).postDataJSON(), {
      method: put,
      codes: ["error"],
      keyId: "rr_nobody",
      requestId: "failed-1",
      startTime: new Date("2026-01-01T00:00:00").toISOString(),
      minDurationMs: 0.5,
      pageSize: 500,
      pageToken: "",
    });
    await page.getByText("No call was found.").waitFor();
  });

  it("calls are followed as they end, of those that are looked for, and opened from there", async () => {
    const { page } = served;
    await served.open("log");
    await page.reload();
    const filter = page.getByRole("search");
    await filter.getByLabel("Method").fill("rig.secrets.v1.SecretService");
    await filter.getByRole("button", { name: "Follow" }).click();
    await page.getByText("Following calls as they end.").waitFor();
    const { put: call } = app.client(SecretService);
    const fail = (id: string) =>
      assert.rejects(call({ account: { name } }, { headers: { "x-request-id": id } }));
    await fail("followed-1");
    // Another service's, which is none of those.
    await app.client(UserService).listUsers({});
    await fail("followed-2");
    // And those that had ended before: two of the first test.
    await rows().nth(3).waitFor();
    await rows().first().click();
    await record().getByText("followed-2").waitFor();
    await record().getByLabel("Request").getByText("onerror").waitFor();
    assert.equal(await rows().first().getAttribute("aria-current"), "true");
    assert.equal(await page.locator(".calls a", { hasText: "ListUsers" }).count(), 0);
    await lookOver(page, "log-followed");
    // Its stream is not open while another view is shown, and it goes on afterwards.
    await page.getByRole("link", { name: "Keys" }).click();
    await page.getByRole("heading", { level: 1, name: "Keys" }).waitFor();
    await fail("followed-3");
    await page.getByRole("link", { name: "Log" }).click();
    await rows().nth(4).waitFor();
    await fail("followed-4");
    await rows().nth(5).waitFor();
    await filter.getByRole("button", { name: "Follow" }).click();
    await page.getByText(/^\d+ calls/).waitFor();
  });

  it("what the page itself asks with is left out, unless somebody looks for it by name", async () => {
    const { page } = served;
    await served.open("log");
    await page.reload();
    const { listUsers } = app.client(UserService);
    await listUsers({});
    const method = (text: string) => page.locator(".calls a", { hasText: text });
    while ((await method("ListUsers").count()) === 0) {
      const answered = page.waitForResponse((response) => response.url().endsWith("/ListCalls"));
      await search().click();
      await (await answered).finished();
      await page.getByText(/^\d+ calls?/).waitFor();
    }
    assert.equal(await method("runrpc.web.v1.PageService").count(), 0);
    await page.getByRole("search").getByLabel("Method").fill("runrpc.web.v1.PageService");
    await search().click();
    await method("runrpc.web.v1.PageService/GetSchema").first().waitFor();
  });

  it("hundreds of calls that end at once are followed, the latest first", async () => {
    const { page } = served;
    await served.open("log");
    await page.reload();
    await page.getByRole("button", { name: "Follow" }).click();
    await page.getByText("Following calls as they end.").waitFor();
    await page.getByRole("search").getByLabel("Request id").fill("burst");
    await search().click();
    const { listUsers } = app.client(UserService);
    const headers = { "x-request-id": "burst" };
    // What ends from here on is followed.
    await listUsers({}, { headers });
    await rows().first().waitFor();
    // Fewer than may wait for a follower between two looks: none is left out.
    for (let n = 0; n < 9; n++)
      await Promise.all(Array.from({ length: 100 }, () => listUsers({}, { headers })));
    await assert.rejects(app.client(SecretService).put({ account: { name } }, { headers }));
    await rows().nth(901).waitFor({ state: "attached" });
    assert.equal(await rows().count(), 902);
    await rows().first().click();
    await record().getByText("nobody is called <img").waitFor();
  });

  it("ten thousand calls are scrolled, and gone through by the keyboard", async () => {
    const { page } = served;
    addCalls(app.file, 10_000);
    await page.reload();
    await find("log/?request_id=many");
    // As text: the tests have no types of the DOM.
    const scroll = (to: string) =>
      page.evaluate<number>(
        `((list) => (list.scrollTo(0, ${to}), list.scrollHeight))(document.querySelector(".call-list"))`,
      );
    let found = 0;
    while (found < 10_000) {
      await scroll("list.scrollHeight");
      await rows().nth(found).waitFor({ state: "attached" });
      found = await page.locator(".calls li").count();
    }
    // Whether a page was the last one, the next one says.
    await scroll("list.scrollHeight");
    await page.locator(".state", { hasText: /^10000 calls$/ }).waitFor();
    // What is in the middle is drawn where it is.
    const height = await scroll("list.scrollHeight / 2");
    assert.ok(height > 200_000, `a list of ${height} pixels`);
    await rows().nth(5_000).waitFor();
    await rows().last().focus();
    for (let n = 0; n < 3; n++) await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await record().getByText("Not kept: log.requests keeps those").waitFor();
    assert.equal(await rows().nth(9_996).getAttribute("aria-current"), "true");
  });
});

/** Rows of calls that nobody has made. */
function addCalls(file: string, count: number): void {
  const database = new Database(file);
  const insert = database.prepare(
    `INSERT INTO request_log (started_at, request_id, service, method, kind, protocol, http_version, code, error,
      duration_ms, messages_in, messages_out, bytes_in, bytes_out, peer, abandoned)
      VALUES (?, 'many', 's', 'm', 'unary', 'grpc', '2.0', 'ok', '', 1.5, 1, 1, 5, 5, '::1', 0)`,
  );
  database.transaction(() => {
    for (let n = 0; n < count; n++) insert.run(Date.now());
  })();
  database.close();
}
