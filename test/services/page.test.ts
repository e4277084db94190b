// The page of this application in a real browser, from the link that `serve` prints, and the picture of it that the README
// shows: `PAGE_PICTURE=docs/page.png npm test -- test/services/page.test.ts` takes it anew.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { type Browser, findChromium, startBrowser } from "../wire/browser/chromium.ts";
import { axeFindings, overflowOf } from "../wire/browser/served-page.ts";

const root = join(import.meta.dirname, "../..");
const { path, skip } = findChromium();
const { PAGE_PICTURE } = process.env;

describe("the page in Chromium", { skip, timeout: 240_000 }, () => {
  let folder: string;
  let server: ChildProcess;
  let url: string;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  /** Where requests of the page went, by origin. */
  const origins = new Set<string>();
  /** The key that the link was traded for. */
  let key: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runrpc-page-"));
    const flags = ["--host", "127.0.0.1", "--port", "0", "--database", join(folder, "db.sqlite")];
    server = spawn(process.execPath, ["src/runrpc/launch.js", "serve", ...flags, "--log", "off"], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const link = await linkFrom(server);
    url = new URL(link).origin;
    browser = await startBrowser(path, "stranger.example");
    page = await newPage();
    await page.goto(link);
    await page.getByRole("navigation", { name: "Methods" }).waitFor();
    assert.equal(new URL(page.url()).hash, "", "the token stays in the address");
    key = await page.evaluate(() => sessionStorage.getItem("runrpc.key") ?? "");
    await page.close();
    // The link has been used: it does not sign in again, and the page says so.
    page = await newPage();
    await page.goto(link);
    await page.getByText("this link does not sign in, or not again").waitFor();
    await page.close();
  });
  after(async () => {
    await browser?.close();
    server?.kill("SIGTERM");
    if (server?.exitCode === null) await once(server, "exit");
    await rm(folder, { recursive: true });
  });

  beforeEach(async () => {
    complaints = [];
    page = await newPage();
    await page.addInitScript((stored) => sessionStorage.setItem("runrpc.key", stored), key);
  });
  afterEach(async () => {
    await page.close();
    assert.deepEqual([...origins], [url]);
    // Of HTTP's own errors the console always tells.
    assert.deepEqual(
      complaints.filter((text) => !/^Failed to load resource: the server responded with a status/.test(text)),
      [],
    );
  });

  async function newPage(): Promise<Page> {
    const opened = await browser.newPage();
    opened.setDefaultTimeout(60_000);
    await opened.setViewportSize({ width: 1440, height: 1000 });
    opened.on("console", (message) => {
      if (["warning", "error"].includes(message.type())) complaints?.push(message.text());
    });
    opened.on("pageerror", (error) => complaints?.push(String(error)));
    opened.on("request", (request) => origins.add(new URL(request.url()).origin));
    return opened;
  }

  async function open(method: string): Promise<void> {
    await page.goto(`${url}/_/#/${method}`);
    await page.getByRole("heading", { level: 1, name: method }).waitFor();
  }

  const button = (name: string) => page.getByRole("button", { name, exact: true });
  const json = () => page.getByLabel("The request as JSON");
  const request = async () => JSON.parse(await json().inputValue()) as unknown;
  const status = (text: string) => page.locator(".status", { hasText: text }).waitFor();
  const received = (text: string) => page.locator(".passed.received", { hasText: text }).first().waitFor();

  it("a unary call is filled in, sent by the keyboard alone, and answered", async () => {
    await open("users.v1.UserService/CreateUser");
    await page.getByLabel("email", { exact: true }).fill("grace@example.com");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Grace");
    assert.deepEqual(await request(), { email: "grace@example.com", displayName: "Grace" });
    await page.keyboard.press("Control+Enter");
    await status("OK");
    await received("grace@example.com");
    await button("Copy").first().waitFor();
    await page.getByText("Headers").first().click();
    await page.getByRole("rowheader", { name: "x-request-id" }).waitFor();
  });

  it("a violation of the schema is told at its field, and gone with the next call", async () => {
    await open("users.v1.UserService/CreateUser");
    await page.getByLabel("email", { exact: true }).fill("nobody");
    await button("Send").click();
    await status("invalid_argument");
    const row = page.locator('[data-field="email"]');
    await row.getByRole("alert").getByText("must be a valid email address").waitFor();
    await page.locator('[data-field="display_name"]').getByText("must be at least 1 characters").waitFor();
    await page.getByLabel("email", { exact: true }).fill("alan@example.com");
    await page.getByLabel("display_name", { exact: true }).fill("Alan");
    await button("Send").click();
    await status("OK");
    assert.equal(await page.locator(".wrong").count(), 0);
  });

  it("the form follows the JSON, and says where that is none", async () => {
    await open("users.v1.UserService/UpdateUser");
    await json().fill('{"displayName": "x", "updateMask": "displayName", "unheardOf": 1');
    await page.getByText(/^Not JSON: /).waitFor();
    await json().fill('{"displayName": "x", "updateMask": "displayName", "unheardOf": 1}');
    assert.equal(await page.getByLabel("display_name", { exact: true }).inputValue(), "x");
    await page.getByLabel("display_name", { exact: true }).fill("y");
    assert.deepEqual(await request(), { displayName: "y", updateMask: "displayName", unheardOf: 1 });
  });

  it("a server stream shows its messages as they come, and is cancelled", async () => {
    await open("users.v1.UserService/StreamUsers");
    await button("Send").click();
    await received("grace@example.com");
    await status("OK");
    await open("events.v1.EventService/StreamEvents");
    await page.getByLabel("after_id", { exact: true }).fill("0");
    assert.deepEqual(await request(), { afterId: "0" });
    await button("Send").click();
    const other = await post("events.v1.EventService/PublishEvent", {
      type: "invoice.paid",
      payload: { n: 7 },
    });
    assert.equal(other.status, 200);
    await received("invoice.paid");
    await button("Cancel").click();
    await status("canceled");
  });

  it("a client stream takes messages one by one, and answers at the end of the requests", async () => {
    await open("logs.v1.LogService/UploadLogs");
    await page.getByRole("button", { name: "add to entries" }).click();
    await page.getByLabel("message", { exact: true }).fill("started");
    await page.getByLabel("severity", { exact: true }).selectOption("SEVERITY_INFO");
    await page.getByRole("button", { name: "add to attributes" }).click();
    await page.getByLabel("key of attributes").fill("host");
    await page.getByLabel("value of attributes").fill("a");
    assert.deepEqual(await request(), {
      entries: [{ severity: "SEVERITY_INFO", message: "started", attributes: { host: "a" } }],
    });
    await button("Send message").click();
    await page.locator(".passed.sent", { hasText: "started" }).waitFor();
    await button("Send message").click();
    await page.locator(".passed.sent").nth(1).waitFor();
    await button("End requests").click();
    await status("OK");
    await received('"logsReceived": "2"');
  });

  it("a violation deep in a stream's message is told in its own line", async () => {
    await open("logs.v1.LogService/UploadLogs");
    await json().fill('{"entries": [{"message": "a"}, {"message": ""}]}');
    await button("Send message").click();
    await status("invalid_argument");
    const second = page.locator(".items > li").nth(1).locator('[data-field="message"]');
    await second.getByRole("alert").getByText("must be at least 1 characters").waitFor();
    assert.equal(await page.locator(".row.wrong").count(), 1);
  });

  it("two tabs chat, each seeing what passes both ways, until one ends and one cancels", async () => {
    await open("chat.v1.ChatService/Chat");
    const other = await newPage();
    await other.addInitScript((stored) => sessionStorage.setItem("runrpc.key", stored), key);
    await other.goto(`${url}/_/#/chat.v1.ChatService/Chat`);
    for (const tab of [page, other]) {
      await tab.getByLabel("The request as JSON").fill('{"room": "lobby"}');
      await tab.getByRole("button", { name: "Send message" }).click();
      await tab.locator(".passed.received", { hasText: "KIND_JOINED" }).waitFor();
    }
    await page.getByLabel("text", { exact: true }).fill("hello from one");
    await page.keyboard.press("Control+Enter");
    await received("Received: hello from one");
    await other.locator(".passed.received", { hasText: "hello from one" }).waitFor();
    await button("End requests").click();
    await status("OK");
    await other.getByRole("button", { name: "Cancel" }).click();
    await other.locator(".status", { hasText: "canceled" }).waitFor();
    await other.close();
  });

  it("a deadline and headers go along", async () => {
    await open("events.v1.EventService/StreamEvents");
    await page.getByLabel("Deadline, ms").fill("100");
    await button("+ header").click();
    await page.getByLabel("header name").fill("x-request-id");
    await page.getByLabel("header value").fill("from-the-page");
    await button("Send").click();
    await status("deadline_exceeded");
    await page.getByText("Headers").first().click();
    await page.getByRole("row", { name: "x-request-id from-the-page" }).waitFor();
  });

  it("a deadline or a header that cannot be sent is told at its place, and no call is made", async () => {
    await open("users.v1.UserService/ListUsers");
    const invalid = () => page.locator(".settings input:invalid").count();
    await page.getByLabel("Deadline, ms").fill("1.5");
    await button("Send").click();
    assert.deepEqual([await invalid(), await page.locator(".status").count()], [1, 0]);
    await page.getByLabel("Deadline, ms").fill("2000");
    await button("+ header").click();
    for (const name of ["a b", "Cookie"]) {
      await page.getByLabel("header name").fill(name);
      await page.keyboard.press("Control+Enter");
      assert.deepEqual([await invalid(), await page.locator(".status").count()], [1, 0], name);
    }
    await page.getByLabel("header name").fill("x-request-id");
    await page.getByLabel("header value").fill("sent-after-all");
    await page.keyboard.press("Control+Enter");
    await status("OK");
  });

  it("a view that the server does not send is told, and is there when the page is loaded again, as is what was typed", async () => {
    await open("users.v1.UserService/ListUsers");
    await page.getByLabel("page_size", { exact: true }).fill("7");
    await page.route("**/keys/keys-view.*", (route) => route.abort());
    await page.getByRole("link", { name: "Keys" }).click();
    await page.getByText("The server did not send this view").waitFor();
    await page.getByRole("link", { name: "Explorer" }).click();
    await page.getByRole("heading", { level: 1, name: "ListUsers" }).waitFor();
    await page.getByRole("link", { name: "Keys" }).click();
    await page.getByText("The server did not send this view").waitFor();
    await page.unroute("**/keys/keys-view.*");
    await button("Load the page again").click();
    await button("Create key").waitFor();
    await open("users.v1.UserService/ListUsers");
    assert.deepEqual(await request(), { pageSize: 7 });
    // Of what was not sent the console tells.
    complaints = complaints.filter((text) => !text.includes("net::ERR_FAILED"));
  });

  it("text that looks like markup is text, wherever it comes from", async () => {
    const name = '<img src=x onerror="globalThis.hit=1"><script>globalThis.hit=1</script>';
    await post("users.v1.UserService/CreateUser", { email: "mallory@example.com", displayName: name });
    await open("users.v1.UserService/StreamUsers");
    await button("Send").click();
    await status("OK");
    await received("onerror");
    for (const summary of await page.locator(".passed > summary").all()) await summary.click();
    await page.locator(".whole pre", { hasText: "<script>" }).waitFor();
    await open("users.v1.UserService/GetUser");
    await json().fill(JSON.stringify({ id: name }));
    await button("Send").click();
    await status("invalid_argument");
    await page.getByText("Copy as").click();
    await page.locator(".snippet pre", { hasText: "<script>" }).waitFor();
    assert.equal(await page.evaluate(() => "hit" in globalThis), false);
    assert.equal(await page.locator(".method img, .method script").count(), 0);
  });

  it("a call is told as curl, which makes the same call", async () => {
    await open("users.v1.UserService/ListUsers");
    await page.getByLabel("page_size", { exact: true }).fill("1");
    await page.getByText("Copy as").click();
    const line = (await page.locator(".snippet pre").textContent()) ?? "";
    const shell = spawn("sh", ["-c", line.replace("curl", "curl --silent")], {
      env: { ...process.env, RUNRPC_KEY: key },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    shell.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await once(shell, "close");
    assert.equal(JSON.parse(said).users.length, 1);
    for (const title of ["grpcurl", "runrpc call", "TypeScript", "Python"]) {
      await button(title).click();
      await page
        .locator(".snippet pre", { hasText: title === "TypeScript" ? "using client" : "pageSize" })
        .waitFor();
      assert.doesNotMatch((await page.locator(".snippet pre").textContent()) ?? "", new RegExp(key));
    }
  });

  it("methods are found by the keyboard", async () => {
    await open("users.v1.UserService/GetUser");
    await page.locator("main").focus();
    await page.keyboard.press("/");
    await page.keyboard.type("chat");
    assert.equal(await page.locator(".sidebar nav a:visible").count(), 1);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "chat.v1.ChatService/Chat" }).waitFor();
  });

  it("no page of a stranger can frame it, nor read its files", async () => {
    const stranger = createServer((_, response) =>
      response
        .setHeader("content-type", "text/html")
        .end(`<iframe src="${url}/_/"></iframe><script>${READS.replace("URL", `${url}/_/`)}</script>`),
    );
    await new Promise<void>((resolve) => stranger.listen(0, "localhost", resolve));
    const { port } = stranger.address() as AddressInfo; // a TCP server that listens
    const strange = await browser.newPage();
    await strange.goto(`http://localhost:${port}/`);
    await strange.waitForFunction('document.title !== ""');
    assert.equal(await strange.title(), "refused");
    const framed = strange.frames().at(1);
    assert.equal(await framed?.evaluate('document.querySelector(".top") !== null'), false);
    await strange.close();
    stranger.close();
    stranger.closeAllConnections();
  });

  it("a stranger's name that leads to this machine gets nothing of it, and no call by its page's key", async () => {
    const strange = await browser.newPage();
    const { port } = new URL(url);
    const answer = await strange.goto(`http://stranger.example:${port}/_/`);
    assert.equal(answer?.status(), 421);
    assert.equal(await strange.locator("script").count(), 0);
    assert.equal(await strange.evaluate("sessionStorage.length"), 0);
    await strange.close();
  });

  it("a key that has ended is told, and another one may be entered", async () => {
    const stale = await newPage();
    await stale.goto(`${url}/_/`);
    const wrong = `rr_${"0".repeat(8)}_${"0".repeat(43)}`;
    await stale.getByLabel("API key").fill(wrong);
    await stale.keyboard.press("Enter");
    await stale.getByRole("alert").getByText("unknown").waitFor();
    await stale.getByLabel("API key").fill(key);
    await stale.keyboard.press("Enter");
    await stale.getByRole("navigation", { name: "Methods" }).waitFor();
    await stale.getByRole("button", { name: "Sign out" }).click();
    assert.equal(await stale.evaluate(() => sessionStorage.length), 0);
    await stale.close();
  });

  for (const scheme of ["light", "dark"] as const)
    for (const width of [1440, 420])
      it(`nothing of it keeps anybody out, in ${scheme}, ${width} pixels wide`, async () => {
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize({ width, height: 900 });
        await open("logs.v1.LogService/UploadLogs");
        await json().fill('{"entries": [{"message": "a", "attributes": {"k": "v"}}, {}]}');
        await button("Send message").click();
        await status("invalid_argument");
        await page.getByText("Copy as").click();
        assert.deepEqual(await axeFindings(page), []);
        const overflow = await overflowOf(page);
        assert.ok(overflow <= 0, `${overflow} pixels too wide`);
      });

  it("its picture is taken", async () => {
    await page.setViewportSize({ width: 1440, height: 610 });
    await open("users.v1.UserService/CreateUser");
    await page.getByLabel("email", { exact: true }).fill("ada.example.com");
    await page.getByLabel("display_name", { exact: true }).fill("Ada Lovelace");
    await button("Send").click();
    await status("invalid_argument");
    // What became of it in the server is told a moment later.
    await page.locator("summary", { hasText: "In the server" }).waitFor();
    const picture = await page.screenshot({ path: PAGE_PICTURE ?? join(folder, "page.png") });
    assert.ok(picture.length > 10_000);
  });

  function post(method: string, body: object): Promise<Response> {
    const headers = { "content-type": "application/json", "x-api-key": key };
    return fetch(`${url}/${method}`, { method: "POST", headers, body: JSON.stringify(body) });
  }
});

/** What a page of a stranger tries, which tells in its title how that went. */
const READS =
  'fetch("URL").then((answer) => answer.text()).then(() => (document.title = "read"), () => (document.title = "refused"))';

async function linkFrom({ stdout }: ChildProcess): Promise<string> {
  let said = "";
  const link = Promise.withResolvers<string>();
  stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    const found = /(http\S+\/_\/#token=[\w-]+)\s/.exec(said)?.[1];
    if (found !== undefined) link.resolve(found);
  });
  stdout?.on("close", () => link.reject(new Error(`the server ended: ${said}`)));
  return link.promise;
}
