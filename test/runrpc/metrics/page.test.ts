import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { describe, it, type TestContext } from "node:test";
import { startServer } from "../../../src/runrpc/server/server.ts";
import type { ServerOptions } from "../../../src/runrpc/server/server-options.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import { memoryStore } from "../server/auth/memory-store.ts";

/** A server with keys, and what its metrics page says to a request. */
async function start(t: TestContext, options: Partial<ServerOptions> = {}) {
  const keys = memoryStore();
  const server = await startServer({
    services: [partOfService(UserService, { getUser: () => ({}) })],
    keys,
    server: { host: "127.0.0.1", port: 0 },
    timeouts: { drainDelayMs: 0 },
    ...options,
    metrics: { enabled: true, ...options.metrics },
  });
  t.after(() => server.drain());
  return { server, keys, ask: (init?: RequestInit) => fetch(`${server.url}/metrics`, init) };
}

/** A GET whose Host header is the caller's to choose, which fetch does not let it. */
async function askAs(port: number, headers: Record<string, string>): Promise<number> {
  const request = httpRequest({ port, host: "127.0.0.1", path: "/metrics", headers });
  request.end();
  const [response] = await once(request, "response");
  response.resume();
  await once(response, "end");
  return response.statusCode;
}

describe("who may read metrics", () => {
  it("in development: everybody on this machine, by no proxy and by a name of it", async (t) => {
    const { server, ask } = await start(t);
    assert.equal((await ask()).status, 200);
    for (const [headers, status] of [
      [{ host: `localhost:${server.port}` }, 200],
      [{ host: "[::1]:80" }, 200],
      [{ host: "rebound.example.com" }, 401],
      [{ host: "localhost", "x-forwarded-for": "127.0.0.1" }, 401],
      [{ host: "localhost", via: "1.1 proxy" }, 401],
    ] as const)
      assert.equal(await askAs(server.port, headers), status, JSON.stringify(headers));
  });

  it("in production: whose key has the scope metrics.read, or admin", async (t) => {
    const { keys, ask } = await start(t, { production: true });
    const status = async (headers: Record<string, string>) => (await ask({ headers })).status;
    const none = await ask();
    assert.deepEqual([none.status, none.headers.get("www-authenticate")], [401, "Bearer"]);
    const bearer = (scopes: string[]) => `Bearer ${keys.add({ subject: "scraper", scopes })}`;
    for (const scopes of [["metrics.read"], ["admin"], ["*"], ["metrics.*"]])
      assert.equal(await status({ authorization: bearer(scopes) }), 200, scopes[0]);
    assert.equal(await status({ authorization: bearer(["users.read"]) }), 403);
    assert.equal(await status({ "x-api-key": keys.add({ subject: "scraper", scopes: ["admin"] }) }), 200);
    assert.equal(await status({ authorization: `Bearer rr_${"A".repeat(8)}_${"b".repeat(43)}` }), 401);
    assert.equal(await status({ authorization: "Basic YTpi" }), 401);
  });

  it("whom the application knows and gives the scope, and nobody whose look-up fails", async (t) => {
    const { ask } = await start(t, {
      production: true,
      authenticate: ({ "x-who": who }) => {
        if (who === "broken") throw new Error("a secret of the application");
        return who === undefined ? undefined : { subject: String(who), scopes: [`${who}.read`] };
      },
    });
    const answer = async (who: string) => {
      const response = await ask({ headers: { "x-who": who } });
      return [response.status, response.status === 200 ? "" : await response.text()];
    };
    assert.deepEqual(await answer("metrics"), [200, ""]);
    assert.equal((await answer("users"))[0], 403);
    assert.deepEqual(await answer("broken"), [500, "internal error\n"]);
  });

  it("everybody, where metrics.open says so, and where the server lets everybody do everything", async (t) => {
    const open = await start(t, { production: true, metrics: { open: true } });
    assert.equal((await open.ask()).status, 200);
    const all = await start(t, { keys: "open" });
    assert.equal((await all.ask()).status, 200);
  });
});

describe("how metrics are served", () => {
  it("as Prometheus' text, compressed for who takes it, over HTTP/1.1 and HTTP/2, on both lanes", async (t) => {
    for (const lane of ["auto", "stock"]) {
      const { server } = await start(t, { server: { host: "127.0.0.1", port: 0, lane } });
      const request = httpRequest({
        port: server.port,
        path: "/metrics",
        headers: { "accept-encoding": "gzip" },
      });
      request.end();
      const [response] = await once(request, "response");
      assert.equal(response.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
      assert.equal(response.headers["content-encoding"], "gzip");
      const session = connect(server.url);
      const stream = session.request({ ":path": "/metrics" });
      const [headers] = await once(stream, "response");
      assert.equal(headers[":status"], 200);
      assert.equal(headers["content-encoding"], undefined);
      assert.match(await text(stream), /^# HELP rpc_server_call_duration_seconds /);
      session.close();
      const plain = await fetch(`${server.url}/metrics`);
      assert.match(await plain.text(), /^# HELP rpc_server_call_duration_seconds /);
    }
  });

  it("by GET and HEAD; POST finds no method there, and another path is none of it", async (t) => {
    const { server, ask } = await start(t);
    const head = await ask({ method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    const put = await ask({ method: "PUT" });
    assert.deepEqual([put.status, put.headers.get("allow")], [405, "GET, HEAD"]);
    assert.equal((await ask({ method: "POST" })).status, 404);
    assert.equal((await fetch(`${server.url}/metrics/more`)).status, 404);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  });

  it("not at all, where metrics are off", async (t) => {
    const { server, ask } = await start(t, { metrics: { enabled: false } });
    assert.equal((await ask()).status, 404);
    assert.equal(server.metricsAddress, undefined);
  });

  it("on an address of their own: without a key, and not on the server's port", async (t) => {
    const { server, ask } = await start(t, { production: true, metrics: { address: "127.0.0.1:0" } });
    assert.equal((await ask()).status, 404);
    const url = `http://${server.metricsAddress}`;
    const response = await fetch(`${url}/metrics`);
    assert.equal(response.status, 200);
    assert.match(await response.text(), /^# HELP rpc_server_call_duration_seconds /);
    for (const [path, method, status] of [
      ["/metrics?x=y", "GET", 200],
      ["/metrics", "HEAD", 200],
      ["/metrics", "POST", 405],
      ["/rig.users.v1.UserService/GetUser", "POST", 404],
    ] as const)
      assert.equal((await fetch(url + path, { method })).status, status, `${method} ${path}`);
    await server.drain();
    await assert.rejects(fetch(`${url}/metrics`));
  });

  it("an address that is taken, or none, stops the start with its name", async (t) => {
    const { server } = await start(t, { metrics: { address: "127.0.0.1:0" } });
    const address = server.metricsAddress ?? "";
    await assert.rejects(start(t, { metrics: { address } }), new RegExp(`metrics.address ${address}: `));
    for (const wrong of ["9464", "::1:80", "localhost", "http://localhost:80", "a b:80", "host:123456"])
      await assert.rejects(
        start(t, { metrics: { address: wrong } }),
        /address names a host and a port/,
        wrong,
      );
  });
});
