// The files of the page as every lane and HTTP version sends them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { loadConfig } from "../../../src/runrpc/config/config.ts";
import { createPageFiles } from "../../../src/runrpc/web/files.ts";
import { startTestApp, type TestApp } from "../../wire/app.ts";
import { type Answer, askHttp1, askHttp2, type Request } from "../server/http/ask.ts";

/** What the page may take of a connection until it is shown, compressed. */
const MAX_BYTES = 120 * 1024;

const get = { method: "GET", path: "/_/" };

for (const lane of ["auto", "stock"] as const)
  for (const [version, ask] of [
    ["HTTP/1.1", askHttp1],
    ["HTTP/2", askHttp2],
  ] as const)
    describe(`the page over ${version}, lane ${lane}`, () => {
      let app: TestApp;
      before(async () => {
        app = await startTestApp({ "server.lane": lane, "web.hosts": ["api.example.com"] });
      });
      after(() => app.close());
      const asked = (request: Request): Promise<Answer> => ask(app.app.port, request);
      const byHost = (host: string) =>
        asked({ ...get, headers: version === "HTTP/2" ? { ":authority": host } : { host } });

      it("is a document that browsers hold to its own origin", async () => {
        const { status, headers, body } = await asked(get);
        assert.equal(status, 200);
        assert.match(
          body.toString(),
          /^<!doctype html>[\s\S]*<script type="module" src="main\.ts"><\/script>/,
        );
        assert.doesNotMatch(body.toString(), /<script(?! type="module" src=)|<style| on\w+=|https?:/);
        const policy = String(headers["content-security-policy"]).split("; ");
        for (const rule of [
          "default-src 'none'",
          "script-src 'self'",
          "connect-src 'self'",
          "frame-ancestors 'none'",
          "form-action 'none'",
          "base-uri 'none'",
          "require-trusted-types-for 'script'",
        ])
          assert.ok(policy.includes(rule), rule);
        assert.doesNotMatch(String(headers["content-security-policy"]), /unsafe|\*|https?:/);
        assert.deepEqual(
          [
            "content-type",
            "cross-origin-resource-policy",
            "cross-origin-opener-policy",
            "referrer-policy",
            "x-content-type-options",
            "x-frame-options",
            "cache-control",
          ].map((name) => headers[name]),
          [
            "text/html; charset=utf-8",
            "same-origin",
            "same-origin",
            "no-referrer",
            "nosniff",
            "DENY",
            "no-cache",
          ],
        );
      });

      it(`is at most ${MAX_BYTES / 1024} KiB with all that it loads`, async () => {
        const { body } = await asked(get);
        const paths = [...body.toString().matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path ?? "");
        const files = new Set(["", ...paths]);
        assert.ok(files.has("main.ts") && files.has("page.css") && files.size > 20);
        let bytes = 0;
        for (const path of files) {
          const file = await asked({
            method: "GET",
            path: `/_/${path}`,
            headers: { "accept-encoding": "gzip, br" },
          });
          assert.equal(file.status, 200, path);
          assert.equal(file.headers["content-encoding"], "gzip");
          const plain = await asked({ method: "GET", path: `/_/${path}` });
          assert.deepEqual(gunzipSync(file.body), plain.body, path);
          bytes += file.body.length;
        }
        assert.ok(bytes < MAX_BYTES, `${bytes} bytes`);
      });

      it("is not sent again to who has it", async () => {
        const { headers } = await asked(get);
        const again = await asked({ ...get, headers: { "if-none-match": String(headers.etag) } });
        assert.deepEqual([again.status, again.body.length], [304, 0]);
      });

      it("has an answer without a body for HEAD", async () => {
        const { status, headers, body } = await asked({ ...get, method: "HEAD" });
        assert.deepEqual([status, body.length], [200, 0]);
        assert.equal(headers["content-type"], "text/html; charset=utf-8");
      });

      it("is refused to who asks for it by a stranger's name", async () => {
        assert.equal((await byHost("evil.example")).status, 421);
        assert.equal((await byHost(`evil.example:${app.app.port}`)).status, 421);
        assert.equal((await byHost("api.example.com")).status, 200);
        assert.equal((await byHost("[::1]:50051")).status, 200);
      });

      it("has no other files, and takes no other methods", async () => {
        for (const path of [
          "/_/nothing.ts",
          "/_/../main.ts",
          "/_/%2e%2e/files.ts",
          "/_/tsconfig.json",
          "/_/form",
        ])
          assert.equal((await asked({ method: "GET", path })).status, 404, path);
        assert.equal((await asked({ ...get, method: "PUT" })).status, 405);
        const moved = await asked({ method: "GET", path: "/_" });
        assert.deepEqual([moved.status, moved.headers.location], [308, "/_/"]);
      });
    });

it(`the views that are loaded later are within the ${MAX_BYTES / 1024} KiB as well`, () => {
  const files = createPageFiles();
  const bytes = files.paths.reduce((sum, path) => sum + (files.get(path)?.gzipped.length ?? 0), 0);
  assert.ok(files.paths.includes("watch/dashboard.ts") && bytes < MAX_BYTES, `${bytes} bytes`);
  assert.doesNotMatch(String(files.get("")?.body), /watch\/dashboard\.ts/);
});

describe("whether there is a page", () => {
  it("by default there is one in development, with a link that signs in, and none in production", async () => {
    assert.equal((await loadConfig({ folder: "/nowhere" })).config.web.enabled, true);
    const env = { NODE_ENV: "production" };
    assert.equal((await loadConfig({ folder: "/nowhere", env })).config.web.enabled, false);
    const asked = await loadConfig({ folder: "/nowhere", env: { ...env, RUNRPC_WEB: "true" } });
    assert.equal(asked.config.web.enabled, true);
  });

  it("without it nothing is at its path, and nobody serves what it asks", async () => {
    const app = await startTestApp({ "web.enabled": false });
    try {
      assert.equal((await askHttp1(app.app.port, get)).status, 404);
      const path = "/runrpc.web.v1.PageService/SignIn";
      const headers = { "content-type": "application/json" };
      assert.equal((await askHttp1(app.app.port, { path, headers, body: '{"token":"x"}' })).status, 404);
      assert.equal(app.app.pageLink, undefined);
    } finally {
      await app.close();
    }
  });

  it("a host that is none stops the start", async () => {
    await assert.rejects(startTestApp({ "web.hosts": ["https://api.example.com"] }), /web\.hosts names/);
  });
});
