// connect-web in a real browser over our own HTTP/2 and TLS: what is large, many, cancelled and too late.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeCertificates } from "../runrpc/server/listener/certificates.ts";
import { type Browser, type CallingPage, findChromium, startBrowser } from "./browser/chromium.ts";
import type { Call } from "./browser/page.ts";
import { bundlePage, type Site, startSite } from "./browser/site.ts";
import { startWireServer, type WireServer } from "./foreign/service.ts";

const MANY = 20_000;
const { path, skip } = findChromium();
const certificates = skip === false ? makeCertificates() : undefined;

describe("connect-web in Chromium over our own HTTP/2 and TLS", {
  skip: skip || (certificates === undefined && "there is no openssl"),
  timeout: 120_000,
}, () => {
  let browser: Browser;
  let site: Site;
  let page: CallingPage;
  let server: WireServer;
  before(async () => {
    site = await startSite(await bundlePage());
    const { keyFile = "", certFile = "" } = certificates ?? {};
    const tls = { keyFile, certFile };
    server = await startWireServer({ http2: "own", tls, corsOrigins: [site.origin] });
    browser = await startBrowser(path);
    page = await browser.open(site.origin);
  });
  after(async () => {
    await browser?.close();
    await site?.close();
    await server?.close();
    certificates?.remove();
  });

  for (const protocol of ["connect", "grpc-web"] as const) {
    const call = (given: Pick<Call, "method" | "request"> & Partial<Call>) =>
      page.call({
        url: `https://127.0.0.1:${server.port}`,
        protocol,
        format: "binary",
        headers: {},
        ...given,
      });

    it(`${protocol}: 3 MiB come back as they were sent`, async () => {
      const value = Buffer.alloc(3 * 2 ** 20, "0123456789abcdef").toString("base64");
      const { messages, error } = await call({ method: "echo", request: { value } });
      assert.equal(error, undefined);
      assert.ok((messages[0] as { value: string }).value === value);
    });

    it(`${protocol}: 20,000 messages come in order`, async () => {
      const { messages, error } = await call({ method: "count", request: { value: MANY } });
      assert.equal(error, undefined);
      assert.deepEqual(
        messages.map((message) => (message as { value: number }).value),
        Array.from({ length: MANY }, (_, index) => index + 1),
      );
    });

    it(`${protocol}: a stream that the page aborts is cancelled`, async () => {
      const { messages, error } = await call({ method: "hang", request: {}, abortAfter: 1 });
      assert.deepEqual([messages, error?.code], [[{ value: 1 }], "Canceled"]);
      assert.deepEqual(await server.takeEnds(1), ["canceled by client"]);
    });

    it(`${protocol}: the server ends a stream at its deadline`, async () => {
      // In a header alone, so that it is the server's word that ends the call, not the page's timer.
      const headers: Record<string, string> =
        protocol === "connect" ? { "connect-timeout-ms": "300" } : { "grpc-timeout": "300m" };
      const { messages, error } = await call({ method: "hang", request: {}, headers });
      assert.deepEqual([messages, error?.code], [[{ value: 1 }], "DeadlineExceeded"]);
      assert.deepEqual(await server.takeEnds(1), ["deadline_exceeded by deadline"]);
    });
  }
});
