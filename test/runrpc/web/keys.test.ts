// The view of the page that makes and ends keys, in Chromium, over a server of this process.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { startTestApp, type TestApp } from "runrpc/testing";
import definition from "../../app/main.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { type Browser, findChromium, startBrowser } from "../../wire/browser/chromium.ts";
import { lookOver, openServedPage, type ServedPage } from "../../wire/browser/served-page.ts";

const { path, skip } = findChromium();

describe("the keys of the page in Chromium", { skip, timeout: 240_000 }, () => {
  let app: TestApp;
  let browser: Browser;
  let served: ServedPage;

  before(async () => {
    app = await startTestApp(definition, { config: { "auth.key_lease_ms": "50" } });
    browser = await startBrowser(path);
    served = await openServedPage(browser, app.app.pageLink ?? "");
    await served.open("keys");
  });
  after(async () => {
    await browser?.close();
    await app?.[Symbol.asyncDispose]();
  });
  afterEach(() => served.check());

  const row = (name: string) => served.page.getByRole("region", { name: "Keys" }).getByRole("row", { name });
  const issued = () => served.page.locator(".issued");

  /** Makes a key by the form and gives it. */
  async function make(name: string, ...scopes: readonly string[]): Promise<string> {
    const { page } = served;
    await page.getByLabel("Owner").fill("dev@localhost");
    await page.getByLabel("Name").fill(name);
    for (const scope of scopes) await page.getByLabel(scope, { exact: true }).check();
    await page.getByRole("button", { name: "Create key" }).click();
    await issued().locator(".secret").waitFor();
    return (await issued().locator(".secret").textContent()) ?? "";
  }

  it("a key is made with the scopes that methods ask for, used, listed and revoked", async () => {
    const { page } = served;
    const key = await make("<i>ci</i>", "users.read");
    const { listUsers } = app.client(UserService, { key });
    await listUsers({});
    await assert.rejects(app.client(UserService, { key }).createUser({ email: "a@b.example" }), {
      code: Code.PermissionDenied,
    });
    await page.getByRole("button", { name: "Done" }).click();
    assert.equal(await issued().textContent(), "");
    const listed = row("<i>ci</i>");
    await listed.getByRole("cell", { name: "users.read" }).waitFor();
    // Escape is no.
    await listed.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await listUsers({});
    await listed.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke it" }).click();
    await listed.getByRole("cell", { name: "revoked" }).waitFor();
    assert.equal(await listed.getByRole("button", { name: "Revoke" }).count(), 0);
    const refused = await firstRefusal(() => listUsers({}));
    assert.equal(refused.code, Code.Unauthenticated);
  });

  it("a key is replaced by another one, and goes on working for as long as it is given", async () => {
    const { page } = served;
    const old = await make("rotated", "users.read");
    const oldId = old.slice(0, 11);
    await page.getByRole("button", { name: `Rotate ${oldId}` }).click();
    await page.getByRole("dialog").getByLabel("goes on working for").selectOption("an hour");
    await page.getByRole("dialog").getByRole("button", { name: "Replace it" }).click();
    // Its end is told with the hour.
    await row(oldId)
      .getByRole("cell")
      .nth(5)
      .filter({ hasText: /\d:\d\d/ })
      .waitFor();
    const next = (await issued().locator(".secret").textContent()) ?? "";
    assert.notEqual(next, old);
    for (const key of [old, next]) await app.client(UserService, { key }).listUsers({});
    await page.getByRole("button", { name: `Rotate ${next.slice(0, 11)}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Replace it" }).click();
    await row(next.slice(0, 11)).getByRole("cell", { name: "revoked" }).waitFor();
    const refused = await firstRefusal(() => app.client(UserService, { key: next }).listUsers({}));
    assert.equal(refused.code, Code.Unauthenticated);
    // Whoever changes his mind has changed nothing.
    await page.getByRole("button", { name: `Rotate ${oldId}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Keep it" }).click();
    await app.client(UserService, { key: old }).listUsers({});
  });

  it("a key is gone from the page with the view", async () => {
    const { page } = served;
    const key = await make("shown once");
    await page.getByRole("link", { name: "Explorer" }).click();
    await page.getByRole("link", { name: "Keys" }).click();
    await row("shown once").waitFor();
    assert.doesNotMatch(await page.content(), new RegExp(key));
  });

  it("what the server refuses is told at the form", async () => {
    const { page } = served;
    await page.getByLabel("Owner").fill("nobody@example.com");
    await page.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("alert").getByText("nobody@example.com").waitFor();
    await page.getByLabel("Owner").fill("");
  });

  /** A key is trusted for its lease. */
  async function firstRefusal(call: () => Promise<unknown>): Promise<ConnectError> {
    const giveUpAtMs = performance.now() + 30_000;
    while (performance.now() < giveUpAtMs)
      try {
        await call();
      } catch (error) {
        return ConnectError.from(error);
      }
    return assert.fail("the key still works");
  }

  it("nothing of it keeps anybody out", async () => {
    await make("looked over", "users.read");
    await lookOver(served.page, "keys");
  });
});
