// A server that ends and comes back as another one, seen by a page that somebody has open, in Chromium.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createFileRegistry, type DescService, fromJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Page } from "playwright-core";
import { type Server, startServer } from "../../../src/runrpc/server/server.ts";
import { createPage } from "../../../src/runrpc/web/page.ts";
import { alone } from "../../../src/runrpc/workers/peers.ts";
import { partOfService } from "../../part-of-service.ts";
import { type Browser, findChromium, startBrowser } from "../../wire/browser/chromium.ts";
import { axeFindings } from "../../wire/browser/served-page.ts";

const { path, skip } = findChromium();

/** A contract whose methods all take a request with these fields. */
function thingService(fields: readonly string[], methods: readonly string[]): DescService {
  const request = {
    name: "MakeRequest",
    field: fields.map((name, at) => ({
      name,
      jsonName: name,
      number: at + 1,
      type: "TYPE_STRING",
      label: "LABEL_OPTIONAL",
    })),
  };
  const file = {
    name: "things.proto",
    package: "things.v1",
    syntax: "proto3",
    messageType: [request, { name: "MakeResponse" }],
    service: [
      {
        name: "ThingService",
        method: methods.map((name) => ({
          name,
          inputType: ".things.v1.MakeRequest",
          outputType: ".things.v1.MakeResponse",
        })),
      },
    ],
  };
  const found = createFileRegistry(fromJson(FileDescriptorSetSchema, { file: [file] })).getService(
    "things.v1.ThingService",
  );
  return found ?? assert.fail("the contract has no service");
}

const first = thingService(["name"], ["Make", "Melt"]);
const second = thingService(["name", "color"], ["Make", "Mend"]);

describe("a page whose server starts again", { skip, timeout: 120_000 }, () => {
  let server: Server | undefined;
  let browser: Browser;
  let page: Page;
  let port = 0;

  /** What calls were made with. */
  const made: { readonly team: string | null; readonly timeoutMs: number | undefined }[] = [];

  async function start(service: DescService): Promise<void> {
    const make = (_: unknown, context: { requestHeader: Headers; timeoutMs(): number | undefined }) => {
      made.push({ team: context.requestHeader.get("x-team"), timeoutMs: context.timeoutMs() });
      return {};
    };
    server = await startServer({
      services: [partOfService(service, { make })],
      keys: "open",
      server: { host: "127.0.0.1", port },
      page: createPage({ hosts: [], signIn: undefined, peers: alone() }),
    });
    port = Number(new URL(server.url).port);
  }

  before(async () => {
    await start(first);
    browser = await startBrowser(path);
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.addInitScript(() => sessionStorage.setItem("runrpc.key", "any"));
  });
  after(async () => {
    await browser?.close();
    await server?.drain({ isReplaced: true });
  });

  /** Has the server answer so when it is asked what it serves. */
  const answerSchema = (answer: { readonly status?: number; readonly json: unknown }) =>
    page.route("**/GetSchema", (route) => route.fulfill(answer));
  const news = (text: string) => page.locator(".news", { hasText: text }).waitFor();
  const input = (name: string) => page.getByLabel(name, { exact: true });
  const send = () => page.getByRole("button", { name: "Send", exact: true }).click();

  it("is told that it cannot be reached, until it is there again", async () => {
    await page.goto(`${server?.url}/_/#/things.v1.ThingService/Make`);
    await input("name").fill("anvil");
    await page.getByRole("button", { name: "+ header" }).click();
    await input("header name").fill("x-team");
    await input("header value").fill("smiths");
    await page.getByLabel("Deadline, ms").fill("45000");
    await page.getByPlaceholder("Filter methods").fill("m");
    await server?.drain({ isReplaced: true });
    await send();
    await page.locator(".status", { hasText: "unavailable" }).waitFor();
    await news("the server cannot be reached");
    await start(first);
    await page.locator(".news:empty").waitFor({ state: "attached" });
    // Nothing else has changed: what came of the call is still there.
    assert.equal(await page.locator(".status", { hasText: "unavailable" }).count(), 1);
  });

  it("learns other services by itself, says which, and keeps what was typed", async () => {
    await server?.drain({ isReplaced: true });
    await send();
    await news("the server cannot be reached");
    await start(second);
    await news("started again with other services");
    assert.deepEqual(await page.locator(".news li").allTextContents(), [
      "gone: things.v1.ThingService/Melt",
      "new: things.v1.ThingService/Mend",
      "changed: things.v1.MakeRequest",
    ]);
    assert.equal(await input("name").inputValue(), "anvil");
    await input("color").fill("black");
    assert.deepEqual(JSON.parse(await page.getByLabel("The request as JSON").inputValue()), {
      name: "anvil",
      color: "black",
    });
    await page.getByRole("link", { name: "Mend" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Melt" }).count(), 0);
    assert.equal(await page.getByPlaceholder("Filter methods").inputValue(), "m");
    assert.deepEqual(await axeFindings(page), []);
    await send();
    await page.locator(".status", { hasText: "OK" }).waitFor();
    assert.equal(made.at(-1)?.team, "smiths");
    assert.ok((made.at(-1)?.timeoutMs ?? 0) > 30_000);
    await page.getByRole("button", { name: "dismiss" }).click();
    await page.locator(".news:empty").waitFor({ state: "attached" });
  });

  it("looks when somebody comes back to the tab, also where no call has failed", async () => {
    await server?.drain({ isReplaced: true });
    await start(first);
    await page.evaluate('dispatchEvent(new Event("focus"))');
    await news("gone: things.v1.ThingService/Mend");
    // What was typed for a field that is gone stays in the JSON.
    assert.deepEqual(JSON.parse(await page.getByLabel("The request as JSON").inputValue()), {
      name: "anvil",
      color: "black",
    });
  });

  it("keeps what was typed for a method that is gone, and tells of a link to one", async () => {
    await page.getByRole("link", { name: "Melt" }).click();
    await input("name").fill("lead");
    await server?.drain({ isReplaced: true });
    await start(second);
    await page.evaluate('dispatchEvent(new Event("focus"))');
    await news("gone: things.v1.ThingService/Melt");
    assert.equal(await input("name").inputValue(), "lead");
    await page.goto(`${server?.url}/_/#/things.v1.ThingService/Smelt`);
    await page.getByText("This server has no things.v1.ThingService/Smelt.").waitFor();
  });

  it("a key that has ended is told, and what was typed is there again with the next one", async () => {
    await page.getByRole("link", { name: "Mend" }).click();
    await input("name").fill("kettle");
    await answerSchema({ status: 401, json: { code: "unauthenticated", message: "unknown key" } });
    await page.evaluate('dispatchEvent(new Event("focus"))');
    await page.getByRole("button", { name: "The key has ended: sign in again" }).click();
    await page.unrouteAll();
    await page.getByLabel("API key").fill("another");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 1, name: "things.v1.ThingService/Mend" }).waitFor();
    assert.equal(await input("name").inputValue(), "kettle");
  });

  it("asks to be loaded again where the server has another page, and takes what was typed along", async () => {
    await answerSchema({
      json: { version: "2", page: "2", json: '{"services":[],"messages":{},"enums":{}}' },
    });
    await page.evaluate('dispatchEvent(new Event("focus"))');
    await news("another version of this page");
    await page.unrouteAll();
    await page.getByRole("button", { name: "Load it again" }).click();
    await page.locator(".news:empty").waitFor({ state: "attached" });
    await page.getByRole("heading", { level: 1, name: "things.v1.ThingService/Mend" }).waitFor();
    assert.equal(await input("name").inputValue(), "kettle");
    assert.equal(await page.evaluate(() => sessionStorage.getItem("runrpc.drafts")), null);
  });

  it("keeps the key of somebody who loads the page while its server is ending", async () => {
    await answerSchema({
      status: 503,
      json: { code: "unavailable", message: "the server is shutting down" },
    });
    await page.reload();
    await page.getByText("The server does not answer").waitFor();
    await page.unrouteAll();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("heading", { level: 1, name: "things.v1.ThingService/Mend" }).waitFor();
  });
});
