import assert from "node:assert/strict";
import { test } from "node:test";
import { cors as protocol } from "@connectrpc/connect";
import { createCors } from "../../../../src/runrpc/server/http/cors.ts";

const APP = "https://app.example.com";
const PREFLIGHT = { origin: APP, "access-control-request-method": "POST" };

function list(header: string | undefined): string[] {
  return (header ?? "").split(", ");
}

test("without origins there are no CORS headers at all", () => {
  const cors = createCors({ origins: [], maxAgeSeconds: 60 });
  assert.equal(cors.preflight(PREFLIGHT), undefined);
  assert.deepEqual(cors.headersFor(APP), {});
});

test("a preflight from a named origin is told what it may send, and for how long", () => {
  const headers = createCors({ origins: [APP], maxAgeSeconds: 60 }).preflight(PREFLIGHT);
  assert.equal(headers?.["access-control-allow-origin"], APP);
  assert.equal(headers?.["access-control-allow-methods"], "POST, GET");
  assert.equal(headers?.["access-control-max-age"], "60");
  assert.partialDeepStrictEqual(headers, { vary: "Origin" });
  const allowed = list(headers?.["access-control-allow-headers"]);
  const needed = [...protocol.allowedHeaders, "x-api-key", "authorization", "x-request-id"];
  assert.deepEqual(
    needed.filter((name) => !allowed.includes(name.toLowerCase())),
    [],
  );
});

test("a preflight from another origin is answered without any permission", () => {
  const cors = createCors({ origins: [APP], maxAgeSeconds: 60 });
  for (const origin of ["https://evil.example.com", "http://app.example.com", `${APP}:8443`, "null"]) {
    assert.deepEqual(cors.preflight({ ...PREFLIGHT, origin }), { vary: "Origin" });
  }
});

test("an OPTIONS request without an origin or a wanted method is no preflight", () => {
  const cors = createCors({ origins: [APP], maxAgeSeconds: 60 });
  assert.equal(cors.preflight({ origin: APP }), undefined);
  assert.equal(cors.preflight({ "access-control-request-method": "POST" }), undefined);
});

test("a call from a named origin may be read, with its status and request id", () => {
  const headers = createCors({ origins: ["https://a.example.com", APP], maxAgeSeconds: 60 }).headersFor(APP);
  assert.equal(headers["access-control-allow-origin"], APP);
  assert.partialDeepStrictEqual(headers, { vary: "Origin" });
  const exposed = list(headers["access-control-expose-headers"]);
  const needed = [...protocol.exposedHeaders, "x-request-id", "retry-after"];
  assert.deepEqual(
    needed.filter((name) => !exposed.includes(name.toLowerCase())),
    [],
  );
});

test("other calls get nothing but Vary, so that caches keep them apart", () => {
  const cors = createCors({ origins: [APP], maxAgeSeconds: 60 });
  for (const origin of ["https://evil.example.com", undefined]) {
    assert.deepEqual(cors.headersFor(origin), { vary: "Origin" });
  }
});

test("* allows every origin, with one answer for all", () => {
  const cors = createCors({ origins: ["*"], maxAgeSeconds: 60 });
  assert.equal(cors.preflight(PREFLIGHT)?.["access-control-allow-origin"], "*");
  assert.equal(cors.headersFor("https://any.example.org")["access-control-allow-origin"], "*");
  assert.equal("vary" in cors.headersFor(APP), false);
  assert.deepEqual(cors.headersFor(undefined), {});
});

const ONE = { origins: [APP], maxAgeSeconds: 60 };

test("headers of the application are added to those of the protocols, each once, in lower case", () => {
  const cors = createCors({
    ...ONE,
    allowedHeaders: ["X-Tenant", "x-api-key"],
    exposedHeaders: ["X-Page", "x-page"],
  });
  const allowed = list(cors.preflight(PREFLIGHT)?.["access-control-allow-headers"]);
  const exposed = list(cors.headersFor(APP)["access-control-expose-headers"]);
  const bare = createCors(ONE);
  assert.deepEqual(allowed, [
    ...list(bare.preflight(PREFLIGHT)?.["access-control-allow-headers"]),
    "x-tenant",
  ]);
  assert.deepEqual(exposed, [...list(bare.headersFor(APP)["access-control-expose-headers"]), "x-page"]);
});

test("credentials are allowed to the named origins alone, in the preflight and in the answer", () => {
  const cors = createCors({ ...ONE, allowCredentials: true });
  assert.equal(cors.preflight(PREFLIGHT)?.["access-control-allow-credentials"], "true");
  assert.equal(cors.headersFor(APP)["access-control-allow-credentials"], "true");
  assert.equal(cors.headersFor(APP)["access-control-allow-origin"], APP);
  assert.deepEqual(cors.preflight({ ...PREFLIGHT, origin: "https://evil.example.com" }), { vary: "Origin" });
  assert.deepEqual(cors.headersFor("https://evil.example.com"), { vary: "Origin" });
});

test("credentials for every origin or every header are refused", () => {
  const credentials = { maxAgeSeconds: 60, allowCredentials: true };
  assert.throws(() => createCors({ ...credentials, origins: ["*"] }), /every page call as its visitor/);
  assert.throws(
    () => createCors({ ...credentials, origins: [APP], allowedHeaders: ["*"] }),
    /name each header/,
  );
  assert.throws(
    () => createCors({ ...credentials, origins: [APP], exposedHeaders: ["*"] }),
    /name each header/,
  );
});

test("every header may be named by * without credentials", () => {
  const cors = createCors({ ...ONE, allowedHeaders: ["*"] });
  assert.equal(list(cors.preflight(PREFLIGHT)?.["access-control-allow-headers"]).at(-1), "*");
});

for (const name of ["x tenant", "", "x-tenant:", "x,y", "ä"]) {
  test(`${JSON.stringify(name)} is refused as a header`, () => {
    for (const headers of [{ allowedHeaders: [name] }, { exposedHeaders: [name] }]) {
      assert.throws(() => createCors({ ...ONE, ...headers }), {
        message: `the CORS header ${JSON.stringify(name)} is not the name of a header`,
      });
    }
  });
}

test("cookies are allowed to nobody who did not ask for it", () => {
  for (const origins of [["*"], [APP]]) {
    const cors = createCors({ origins, maxAgeSeconds: 60 });
    const headers = { ...cors.preflight(PREFLIGHT), ...cors.headersFor(APP) };
    assert.equal("access-control-allow-credentials" in headers, false);
  }
});

for (const origin of [
  "http://localhost:5173",
  "https://127.0.0.1:8443",
  "http://[::1]:3000",
  "capacitor://localhost",
  "chrome-extension://abcdefghijklmnop",
]) {
  test(`${origin} is taken as an origin, as a browser sends it`, () => {
    const cors = createCors({ origins: [origin], maxAgeSeconds: 60 });
    assert.equal(cors.headersFor(origin)["access-control-allow-origin"], origin);
  });
}

for (const [origin, advice] of [
  ["example.com", 'write "https://example.com"'],
  ["example.com/app", 'write "https://example.com"'],
  ["//example.com", 'write "https://example.com"'],
  ["localhost:5173", 'write "https://localhost:5173"'],
  ["https://example.com/", 'write "https://example.com"'],
  ["https://example.com/app", 'write "https://example.com"'],
  ["https://example.com?x", 'write "https://example.com"'],
  ["https://user@example.com", 'write "https://example.com"'],
  ["https://example.com:443", 'write "https://example.com"'],
  ["HTTPS://Example.com", 'write "https://example.com"'],
  ["capacitor://localhost/app", 'write "capacitor://localhost"'],
  ["https://*.example.com", "name each origin"],
  ["https://", "not a scheme, a host"],
  ["", "no scheme"],
  ["null", "sandboxed"],
] as const) {
  test(`${JSON.stringify(origin)} is refused as an origin, with the cure`, () => {
    const make = () => createCors({ origins: [APP, origin], maxAgeSeconds: 60 });
    assert.throws(make, (error: Error) => {
      assert.ok(error.message.includes(JSON.stringify(origin)), error.message);
      assert.ok(error.message.includes(advice), error.message);
      return true;
    });
  });
}

test("* beside other origins is refused, as they would have no effect", () => {
  assert.throws(() => createCors({ origins: ["*", APP], maxAgeSeconds: 60 }), /alone/);
});
