import assert from "node:assert/strict";
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import type { Authenticate } from "../../src/runrpc/server/auth/identity.ts";
import { type Principal, principalKey } from "../../src/runrpc/server/auth/principal.ts";
import type { CallRecord } from "../../src/runrpc/server/call/record.ts";
import { startServer } from "../../src/runrpc/server/server.ts";
import type { ServerOptions } from "../../src/runrpc/server/server-options.ts";
import { EventService } from "../gen/rig/events/v1/events_pb.ts";
import { UserService } from "../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../part-of-service.ts";
import { memoryStore } from "../runrpc/server/auth/memory-store.ts";
import { makeCertificates } from "../runrpc/server/listener/certificates.ts";
import type { Lane } from "./matrix/cells.ts";

const ada = { id: "00000000-0000-4000-8000-000000000001" };
const SECRET = "only this test knows it";

/** A signed token, as RFC 7519 has it, with HS256. */
function token(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${signature(signed)}`;
}

function signature(signed: string): string {
  return createHmac("sha256", SECRET).update(signed).digest("base64url");
}

/** What an application would do with a library. */
const byToken: Authenticate = ({ authorization }) => {
  if (authorization === undefined) return undefined;
  const [head, body = "", signed = ""] = authorization.replace(/^Bearer /, "").split(".");
  const expected = Buffer.from(signature(`${head}.${body}`));
  if (expected.length !== signed.length || !timingSafeEqual(expected, Buffer.from(signed)))
    throw new ConnectError("the token is not signed by us", Code.Unauthenticated);
  const { sub, jti, scope = "", exp } = JSON.parse(Buffer.from(body, "base64url").toString());
  const expiry = exp === undefined ? {} : { expiresAt: new Date(exp * 1000) };
  return { subject: sub, keyId: jti, scopes: scope.split(" "), ...expiry };
};

async function start(lane: Lane, options: Partial<ServerOptions>) {
  const records: CallRecord[] = [];
  const principals: (Principal | undefined)[] = [];
  const errors: string[] = [];
  const server = await startServer({
    services: [
      partOfService(UserService, {
        getUser(_request: unknown, { values }) {
          principals.push(values.get(principalKey));
          return {};
        },
      }),
      partOfService(EventService, {
        async *streamEvents(_request: unknown, { signal }) {
          yield {};
          await once(signal, "abort");
        },
      }),
    ],
    server: { host: "127.0.0.1", port: 0, lane },
    timeouts: { drainTimeoutMs: 0 },
    log: { debug() {}, info() {}, warn() {}, error: (_fields, text) => errors.push(text) },
    onRecord: (record) => records.push(record),
    ...options,
  });
  return { server, records, principals, errors };
}

const transports: readonly (readonly [string, (baseUrl: string, node?: object) => Transport])[] = [
  [
    "Connect over HTTP/1.1",
    (baseUrl, nodeOptions = {}) => createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions }),
  ],
  [
    "Connect over HTTP/2",
    (baseUrl, nodeOptions = {}) => createConnectTransport({ baseUrl, httpVersion: "2", nodeOptions }),
  ],
  ["gRPC", (baseUrl, nodeOptions = {}) => createGrpcTransport({ baseUrl, nodeOptions })],
  [
    "gRPC-Web over HTTP/1.1",
    (baseUrl, nodeOptions = {}) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1", nodeOptions }),
  ],
];

function bearer(claims: object) {
  return { headers: { authorization: `Bearer ${token(claims)}` } };
}

async function said(outcome: Promise<unknown>): Promise<string> {
  return outcome.then(
    () => "ok",
    (reason: unknown) => ConnectError.from(reason).message,
  );
}

const files = makeCertificates();
after(() => files?.remove());

for (const lane of ["auto", "stock"] as const)
  for (const [name, transportOf] of transports)
    describe(`authenticate() of the application, ${name}, ${lane} lane`, () => {
      it("tells callers by their tokens: who, by what, and what they may", async () => {
        const { server, records, principals } = await start(lane, { authenticate: byToken });
        const users = createClient(UserService, transportOf(server.url));
        const good = { sub: "ada", jti: "t-1", scope: "users.read", exp: 4_000_000_000 };
        const answers = [
          await said(users.getUser(ada, bearer(good))),
          await said(users.getUser(ada, bearer({ ...good, scope: "logs.read" }))),
          await said(users.getUser(ada, bearer({ ...good, exp: 1_000_000_000 }))),
          await said(users.getUser(ada, { headers: { authorization: "Bearer a.b.c" } })),
          await said(users.getUser(ada)),
        ];
        await server.drain();
        assert.deepEqual(answers, [
          "ok",
          "[permission_denied] the caller t-1 lacks the scope users.read",
          "[unauthenticated] the credentials expired at 2001-09-09T01:46:40.000Z",
          "[unauthenticated] the token is not signed by us",
          "[unauthenticated] this call needs credentials that the server knows",
        ]);
        const expiresAt = new Date(4_000_000_000_000);
        assert.deepEqual(principals, [{ subject: "ada", keyId: "t-1", scopes: ["users.read"], expiresAt }]);
        assert.deepEqual(
          records.map(({ subject, keyId }) => [subject, keyId]),
          [["ada", "t-1"], ["ada", "t-1"], ...Array(3).fill([undefined, undefined])],
        );
      });

      it("tells callers by their certificates", { skip: files === undefined }, async () => {
        if (files === undefined) return;
        const { keyFile, certFile, caFile, clientKeyFile, clientCertFile } = files;
        const seen = new Set<unknown>();
        const { server, principals } = await start(lane, {
          tls: { keyFile, certFile, clientCaFile: caFile },
          authenticate(_headers, peer, certificate) {
            seen.add(certificate);
            if (certificate === undefined) return undefined;
            const { subject, serialNumber } = certificate;
            return { subject: `${subject.CN} at ${peer}`, keyId: serialNumber, scopes: ["*"] };
          },
        });
        const node = {
          ca: readFileSync(caFile),
          key: readFileSync(clientKeyFile),
          cert: readFileSync(clientCertFile),
        };
        const baseUrl = server.url.replace("127.0.0.1", "localhost");
        const users = createClient(UserService, transportOf(baseUrl, node));
        for (let call = 0; call < 2; call++) await users.getUser(ada);
        await server.drain();
        assert.deepEqual(
          principals.map((principal) => principal?.subject),
          Array(2).fill("client at 127.0.0.1"),
        );
        if (name !== "Connect over HTTP/1.1" && name !== "gRPC-Web over HTTP/1.1")
          assert.equal(seen.size, 1, "a connection is asked for its certificate once");
      });

      it("refuses names that no record can hold as they are", async () => {
        const { server, records } = await start(lane, { authenticate: byToken });
        const users = createClient(UserService, transportOf(server.url));
        const scope = "users.read";
        const longest = "é".repeat(512);
        const refused =
          /^\[unauthenticated\] the name of the caller is longer than 1024 bytes, or holds what/;
        assert.equal(await said(users.getUser(ada, bearer({ sub: longest, jti: longest, scope }))), "ok");
        for (const name of [`${longest}x`, "a\0b", "half \ud800 a pair"])
          for (const claims of [{ sub: name }, { sub: "ada", jti: name }])
            assert.match(await said(users.getUser(ada, bearer({ ...claims, scope }))), refused);
        await server.drain();
        assert.deepEqual(
          records.map(({ subject }) => subject),
          [longest, ...Array(6).fill(undefined)],
        );
      });

      it("ends open streams when their credentials expire or are not known any more", async () => {
        let isRevoked = false;
        let asked = 0;
        const { server, records } = await start(lane, {
          authenticate: async (...args) => {
            asked++;
            if (isRevoked) throw new ConnectError("the token was revoked", Code.Unauthenticated);
            return byToken(...args);
          },
          auth: { recheckIntervalMs: 50 },
        });
        const events = createClient(EventService, transportOf(server.url));
        const open = async (claims: object) => {
          const stream = events.streamEvents({}, bearer(claims))[Symbol.asyncIterator]();
          await stream.next();
          return stream;
        };
        const scope = "events.read";
        const expiring = await open({ sub: "ada", scope, exp: Date.now() / 1000 + 1.5 });
        assert.match(await said(expiring.next()), /^\[unauthenticated\] the credentials expired at /);
        const revoked = await open({ sub: "ada", scope });
        const before = asked;
        while (asked < before + 2) await new Promise((resolve) => setImmediate(resolve));
        assert.equal(server.stats().calls.admitted, 1, "it is asked again, and the stream stays");
        isRevoked = true;
        assert.equal(await said(revoked.next()), "[unauthenticated] the token was revoked");
        await server.drain();
        assert.deepEqual(
          records.map(({ code, cancelledBy }) => [code, cancelledBy]),
          Array(2).fill(["unauthenticated", "key"]),
        );
      });

      it("fails its calls alone when it is faulty or slow, and never a health check", async () => {
        const faults: Record<string, () => unknown> = {
          throws: () => {
            throw new Error("the secret is s3cret");
          },
          rejects: () => Promise.reject(new Error("the secret is s3cret")),
          "gives no user": () => ({ subject: 7 }),
          "gives a text": async () => "ada",
          "gives bad scopes": () => ({ subject: "ada", scopes: "users.read" }),
          "gives a bad date": () => ({ subject: "ada", expiresAt: new Date("never") }),
          "never answers": () => new Promise(() => {}),
          "is thenable": () => ({
            // biome-ignore lint/suspicious/noThenProperty: what the application may give
            then: (resolve: (value: object) => void) => resolve({ subject: "ada", scopes: ["*"] }),
          }),
        };
        let fault = "";
        const { server, errors } = await start(lane, {
          // Only the type says that an application cannot do so.
          authenticate: (() => faults[fault]?.()) as Authenticate,
          auth: { authenticateTimeoutMs: 100 },
        });
        const users = createClient(UserService, transportOf(server.url));
        const health = createClient(Health, transportOf(server.url));
        const answers: Record<string, string> = {};
        for (fault of Object.keys(faults)) {
          await health.check({});
          answers[fault] = await said(users.getUser(ada, { headers: { "x-request-id": "r-1" } }));
        }
        await server.drain();
        const internal = "[internal] internal error, request id r-1";
        assert.deepEqual(answers, {
          throws: internal,
          rejects: internal,
          "gives no user": internal,
          "gives a text": internal,
          "gives bad scopes": internal,
          "gives a bad date": internal,
          "never answers": "[unavailable] the caller could not be told within 100 ms: try again",
          "is thenable": "ok",
        });
        assert.deepEqual(
          errors,
          Array(6).fill("`authenticate` failed with an error that is not a ConnectError"),
        );
      });
    });

for (const lane of ["auto", "stock"] as const)
  it(`API keys are for those whom authenticate() does not know, on the ${lane} lane`, async () => {
    const keys = memoryStore();
    const { server, principals } = await start(lane, {
      keys,
      authenticate: (headers, peer, certificate) =>
        headers["x-api-key"] === undefined ? byToken(headers, peer, certificate) : undefined,
    });
    const users = createClient(UserService, createGrpcTransport({ baseUrl: server.url }));
    const key = keys.add({ subject: "ann", scopes: ["*"] });
    await users.getUser(ada, { headers: { "x-api-key": key } });
    await users.getUser(ada, bearer({ sub: "ada", scope: "*" }));
    assert.match(await said(users.getUser(ada, { headers: { "x-api-key": "x" } })), /malformed/);
    assert.match(await said(users.getUser(ada)), /^\[unauthenticated\]/);
    const events = createClient(EventService, createGrpcTransport({ baseUrl: server.url }));
    const stream = events.streamEvents({}, { headers: { "x-api-key": key } })[Symbol.asyncIterator]();
    await stream.next();
    keys.change(key, { revokedAt: new Date() });
    assert.match(await said(stream.next()), /revoked/);
    await server.drain();
    assert.deepEqual(
      principals.map((principal) => principal?.subject),
      ["ann", "ada"],
    );
  });

describe("startServer", () => {
  for (const [title, options, expected] of [
    ["nobody says who may call", {}, /nobody says who may call/],
    ["two exclude each other", { keys: "open", authenticate: byToken }, /no effect/],
    ["authenticate is no function", { authenticate: "jwt" as unknown as Authenticate }, /no function/],
  ] as const)
    it(`does not start when ${title}`, async () => {
      await assert.rejects(start("auto", options), expected);
    });
});
