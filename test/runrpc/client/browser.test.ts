// The face of `runrpc/client` for browsers, in a real one, from a page of another origin than the server's.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { build } from "esbuild";
import { type Browser, type CallingPage, findChromium, startBrowser } from "../../wire/browser/chromium.ts";
import { type Site, startSite } from "../../wire/browser/site.ts";
import { startConformance } from "./conformance-server.ts";
import type { PageCall, PageOutcome } from "./page.ts";

const { path, skip } = findChromium();

describe("a typed client in Chromium", { skip, timeout: 120_000 }, () => {
  let browser: Browser;
  let site: Site;
  let page: CallingPage;
  before(async () => {
    site = await startSite(await bundle());
    browser = await startBrowser(path);
    page = await browser.open(site.origin);
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });

  const start = (handlers: Parameters<typeof startConformance>[0]) =>
    startConformance(handlers, { cors: { origins: [site.origin] } });
  /** Makes a call from the page, whose function of this name is page.ts's. */
  const call = (given: PageCall): Promise<PageOutcome> =>
    (page.call as unknown as (given: PageCall) => Promise<PageOutcome>)(given);

  for (const protocol of ["connect", "grpc-web"] as const)
    describe(protocol, () => {
      it("has its key and its deadline with each call", async () => {
        await using server = await start({ unary: () => ({}) });
        const options = { protocol, key: "a-key", deadlineMs: 5_000 };
        const outcome = await call({ url: server.url, method: "unary", options });
        assert.deepEqual(outcome, { messages: 1, code: undefined, error: undefined });
        const [{ timeoutMs, ...seen } = { timeoutMs: 0 }] = server.seen;
        assert.deepEqual(seen, {
          key: "a-key",
          timeout: protocol === "connect" ? "5000" : "5000m",
          protocol,
        });
        assert.ok(timeoutMs !== undefined && timeoutMs > 0 && timeoutMs <= 5_000);
      });

      it("makes a call again that may be, with what is left of its deadline", async () => {
        let failures = 2;
        await using server = await start({
          idempotentUnary() {
            if (failures-- > 0) throw new ConnectError("not this time", Code.Unavailable);
            return {};
          },
        });
        const options = { protocol, deadlineMs: 10_000 };
        const { messages } = await call({ url: server.url, method: "idempotentUnary", options });
        assert.equal(messages, 1);
        const [first = 0, second = 0, third = 0] = server.seen.map(({ timeout }) =>
          Number.parseInt(timeout ?? "", 10),
        );
        assert.ok(
          first === 10_000 && second <= first - 50 && third <= second - 100,
          `${first} ${second} ${third}`,
        );
      });

      it("makes no other call again", async () => {
        await using server = await start({
          unary() {
            throw new ConnectError("not this time", Code.Unavailable);
          },
        });
        const { code } = await call({ url: server.url, method: "unary", options: { protocol } });
        assert.deepEqual([code, server.seen.length], ["Unavailable", 1]);
      });

      it("ends a call at its deadline", async () => {
        await using server = await start({
          unary: (_, { signal }) =>
            new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
        });
        const { code } = await call({
          url: server.url,
          method: "unary",
          options: { protocol, deadlineMs: 100 },
        });
        assert.equal(code, "DeadlineExceeded");
      });

      it("cancels a stream in the server", async () => {
        const ended = Promise.withResolvers<void>();
        await using server = await start({
          async *serverStream(_, { signal }) {
            yield {};
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
            ended.resolve();
          },
        });
        const given = {
          url: server.url,
          method: "serverStream",
          options: { protocol },
          abortAfterFirst: true,
        } as const;
        const { messages, code } = await call(given);
        assert.deepEqual([messages, code], [1, "Canceled"]);
        await ended.promise;
      });

      it("says that a server which is not there is unavailable", async () => {
        const server = await start({});
        await server.drain();
        const { code, error } = await call({
          url: server.url,
          method: "idempotentUnary",
          options: { protocol },
        });
        assert.deepEqual([code, error], ["Unavailable", "the server cannot be reached: Failed to fetch"]);
      });
    });

  it("refuses grpc, which no browser speaks", async () => {
    const { error } = await call({
      url: "http://localhost:1",
      method: "unary",
      options: { protocol: "grpc" },
    });
    assert.equal(error, "a browser cannot speak grpc: use connect or grpc-web");
  });
});

/** The page with all that it imports; `runrpc/client` is found as bundlers for browsers find it. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "page.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "browser",
    conditions: ["runrpc-source"],
    logLevel: "silent",
  });
  return outputFiles.map(({ text }) => text).join("");
}
