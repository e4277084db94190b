// The view of the page that shows what a server does, in Chromium, over a server of this process. With PAGE_PICTURES, a folder, it
// takes the picture that docs/page.md shows: dashboard-light-1440.png.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { startTestApp, type TestApp } from "runrpc/testing";
import definition from "../../app/main.ts";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { type Browser, findChromium, startBrowser } from "../../wire/browser/chromium.ts";
import { lookOver, openServedPage, type ServedPage } from "../../wire/browser/served-page.ts";

const { path, skip } = findChromium();
const listUsers = "rig.users.v1.UserService/ListUsers";

/** The tests' application, whose GetUser holds the loop and fails. */
const holding: typeof definition = {
  ...definition,
  services: (parts) =>
    definition.services(parts).map((one) => {
      if (one.service.typeName !== UserService.typeName) return one;
      const getUser = () => {
        readFileSync(import.meta.filename);
        throw new ConnectError("<b>nobody</b>", Code.NotFound);
      };
      return { ...one, implementation: { ...one.implementation, getUser } };
    }),
};

describe("the dashboard in Chromium", { skip, timeout: 240_000 }, () => {
  let app: TestApp;
  let browser: Browser;
  let served: ServedPage;
  let load: NodeJS.Timeout;

  before(async () => {
    app = await startTestApp(holding, { config: { "server.debug": "true", "debug.block_ms": "20000" } });
    browser = await startBrowser(path);
    served = await openServedPage(browser, app.app.pageLink ?? "");
    const users = app.client(UserService);
    load = setInterval(() => void users.listUsers({}).catch(() => {}), 50);
    await served.open("dashboard");
  });
  after(async () => {
    clearInterval(load);
    await browser?.close();
    await app?.[Symbol.asyncDispose]();
  });
  afterEach(() => served.check());

  const table = (name: string) => served.page.getByRole("region", { name });

  it("follows a load: rates and durations by method, and as lines", async () => {
    const { page } = served;
    const row = table("Methods").getByRole("row", { name: listUsers });
    await row
      .getByRole("cell", { name: /^\d[\d.]* ms$/ })
      .first()
      .waitFor();
    await page.getByRole("img", { name: /^Calls a second: calls [1-9]/ }).waitFor();
    await page.getByRole("img", { name: /^Durations of the calls of a method: p50 [\d.]+ m?s/ }).waitFor();
    assert.equal(await page.getByLabel("Durations of", { exact: true }).inputValue(), listUsers);
    // Two looks make a line.
    await page.locator('.chart path.line-0[d*="L"]').first().waitFor({ state: "attached" });
    await page.locator(".facts div", { hasText: "Health" }).getByText("serving", { exact: true }).waitFor();
  });

  it("an open stream is shown with what it waits for, and its button cancels it", async () => {
    async function* requests() {
      yield { room: "a", text: "b" };
      await new Promise(() => {});
    }
    const answers = app.client(ChatService).chat(requests(), { headers: { "x-request-id": "chat-1" } });
    const chatting = Array.fromAsync(answers).catch((error: unknown) => ConnectError.from(error));
    const row = table("Open calls").getByRole("row", { name: "chat-1" });
    await row.getByRole("cell", { name: "its handler" }).waitFor();
    await row.getByRole("button", { name: "Cancel" }).focus();
    await served.page.keyboard.press("Enter");
    const error = await chatting;
    assert.ok(error instanceof ConnectError);
    assert.equal(error.code, Code.Canceled);
    await row.waitFor({ state: "detached" });
  });

  it("a finding of debug mode is told with its stack, as text", async () => {
    const id = "4be0643f-1d98-573b-97cd-ca98a65347dd";
    await assert.rejects(app.client(UserService).getUser({ id }), { code: Code.NotFound });
    const finding = served.page.locator(".findings li", { hasText: "fs.readFileSync holds the event loop" });
    await finding.locator("summary").click();
    const stack = await finding.getByLabel("Stack").textContent();
    assert.match(stack ?? "", /^test\/runrpc\/web\/dashboard\.test\.ts:\d+ \(getUser\)/);
  });

  it("nothing of it keeps anybody out", () => lookOver(served.page, "dashboard"));

  it("it goes on where it was after another view, and no stream is open meanwhile", async () => {
    const { page } = served;
    await page.getByRole("link", { name: "Explorer" }).click();
    await page.getByRole("navigation", { name: "Methods" }).waitFor();
    const hasEnded = () => app.records.some(({ method }) => method === "Watch");
    while (!hasEnded()) await app.nextRecord();
    const asked = page.waitForRequest((request) => request.url().endsWith("/Watch"));
    await page.getByRole("link", { name: "Dashboard" }).click();
    // Of a stream that has begun.
    await (await asked).response();
    await page.getByRole("img", { name: /^Calls a second: calls [1-9]/ }).waitFor();
    const watching = app.app.openCalls?.().filter(({ method }) => method.endsWith("/Watch"));
    assert.equal(watching?.length, 1);
  });

  it("without a monitor it says how to have one", async () => {
    await using other = await startTestApp(definition, { config: { "monitor.enabled": "false" } });
    const without = await openServedPage(browser, other.app.pageLink ?? "");
    await without.open("dashboard");
    await without.page.getByRole("status").getByText("Start it with --monitor").waitFor();
    without.check();
    await without.close();
  });
});
