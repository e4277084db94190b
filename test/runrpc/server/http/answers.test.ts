import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { createKey } from "../../../../src/runrpc/server/auth/format.ts";
import type { KeyStore } from "../../../../src/runrpc/server/auth/key-store.ts";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { envelope } from "../../../wire/envelope.ts";
import { type Answer, askHttp1, askHttp2, codeOf, type Request } from "./ask.ts";

const GET_USER = "/rig.users.v1.UserService/GetUser";
const LIST_USERS = "/rig.users.v1.UserService/ListUsers";
const STREAM = "/rig.users.v1.UserService/StreamUsers";
const CREATE = "/rig.users.v1.UserService/CreateUser";
const ID = "00000000-0000-4000-8000-000000000001";
const QUERY = `encoding=json&message=${encodeURIComponent(JSON.stringify({ id: ID }))}`;
const { key, keyId, hash } = createKey();

/** Knows one key. */
const keys: KeyStore = {
  async find() {
    return [
      {
        keyId,
        hash,
        subject: "u",
        scopes: ["*"],
        loopbackOnly: false,
        revokedAt: undefined,
        expiresAt: undefined,
      },
    ];
  },
  async addUses() {},
};

let cacheControl: string | undefined;

const users = partOfService(UserService, {
  getUser(_request, { responseHeader, url }) {
    if (cacheControl !== undefined) responseHeader.set("cache-control", cacheControl);
    responseHeader.set("x-url", url);
    return { user: { displayName: "a".repeat(2_000) } };
  },
  listUsers: () => ({}),
  async *streamUsers() {
    yield { user: { displayName: "a" } };
    yield { user: { displayName: "bc" } };
  },
});

for (const lane of ["auto", "stock"]) {
  describe(`lane ${lane}`, () => {
    let server: Server;
    let open: Server;
    before(async () => {
      const settings = {
        server: { host: "127.0.0.1", port: 0, lane },
        cors: { origins: ["https://app.test"] },
        compression: { loopback: true },
      };
      server = await startServer({ services: [users], keys, ...settings });
      open = await startServer({
        services: [{ ...users, policy: { isPublic: true } }],
        keys: "open",
        ...settings,
      });
    });
    after(() => Promise.all([server.drain(), open.drain()]));

    for (const [version, ask] of [
      ["HTTP/1.1", askHttp1],
      ["HTTP/2", askHttp2],
    ] as const) {
      const asked = (request: Request): Promise<Answer> => ask(server.port, request);
      const withKey = { "x-api-key": key };

      it(`the answer to a GET is for its caller alone, over ${version}`, async () => {
        const { status, headers } = await asked({
          method: "GET",
          path: `${GET_USER}?${QUERY}`,
          headers: withKey,
        });
        assert.equal(status, 200);
        assert.equal(headers["cache-control"], "private");
        assert.equal(headers.vary, "Origin, Authorization, X-Api-Key, Cookie, Accept-Encoding");
        assert.ok(String(headers["x-url"]).endsWith(`${GET_USER}?${QUERY}`), String(headers["x-url"]));
      });

      it(`a shared cache may keep the answer of a public method, over ${version}`, async () => {
        const { headers } = await ask(open.port, { method: "GET", path: `${GET_USER}?${QUERY}` });
        assert.equal(headers["cache-control"], undefined);
        assert.equal(headers.vary, "Origin, Accept-Encoding");
      });

      it(`a handler says how long, and whether it is for all, over ${version}`, async () => {
        for (const [said, told] of [
          ["max-age=60", "private, max-age=60"],
          ["public, max-age=60", "public, max-age=60"],
          ["no-store", "no-store"],
        ] as const) {
          cacheControl = said;
          const { headers } = await asked({ method: "GET", path: `${GET_USER}?${QUERY}`, headers: withKey });
          cacheControl = undefined;
          assert.equal(headers["cache-control"], told);
        }
      });

      it(`no cache keeps an error, over ${version}`, async () => {
        for (const [path, headers, expected] of [
          [`${GET_USER}?${QUERY}`, {}, 401],
          [`${GET_USER}?encoding=json`, withKey, 400],
          [`${CREATE}?${QUERY}`, withKey, 405],
          ["/nothing", {}, 404],
          ["/", {}, 404],
        ] as const) {
          const answer = await asked({ method: "GET", path, headers });
          assert.deepEqual(
            [path, answer.status, answer.headers["cache-control"]],
            [path, expected, "no-store"],
          );
          assert.ok(answer.headers["x-request-id"], path);
        }
      });

      it(`compression does not change what caches are told, over ${version}`, async () => {
        const { headers, body } = await asked({
          method: "GET",
          path: `${GET_USER}?${QUERY}`,
          headers: { ...withKey, "accept-encoding": "gzip" },
        });
        assert.equal(headers["content-encoding"], "gzip");
        assert.equal(headers["cache-control"], "private");
        assert.match(gunzipSync(body).toString(), /aaaa/);
      });

      it(`a 401 says how a key is sent, over ${version}`, async () => {
        for (const request of [
          { path: GET_USER, headers: { "content-type": "application/json" }, body: "{}" },
          {
            path: GET_USER,
            headers: { "content-type": "application/proto", "x-api-key": "wrong" },
            body: "",
          },
          { method: "GET", path: `${GET_USER}?${QUERY}` },
        ]) {
          const { status, headers } = await asked(request);
          assert.deepEqual([status, headers["www-authenticate"]], [401, "Bearer"]);
        }
      });

      it(`a 405 says what is allowed, over ${version}`, async () => {
        for (const [method, path, allow] of [
          ["PUT", CREATE, "POST"],
          ["GET", CREATE, "POST"],
          ["HEAD", CREATE, "POST"],
          ["DELETE", LIST_USERS, "GET, POST"],
          ["HEAD", GET_USER, "GET, POST"],
          ["GET", STREAM, "POST"],
          ["PUT", "/healthz", "GET, HEAD, OPTIONS"],
          ["POST", "/healthz", "GET, HEAD, OPTIONS"],
          ["DELETE", "/readyz", "GET, HEAD, OPTIONS"],
        ] as const) {
          const { status, headers, body } = await asked({ method, path });
          assert.deepEqual([method, path, status, headers.allow], [method, path, 405, allow]);
          assert.equal(body.length === 0, method === "HEAD");
        }
      });

      it(`a 415 says what is accepted, over ${version}`, async () => {
        for (const [path, contentType] of [
          [GET_USER, undefined],
          [GET_USER, "text/plain"],
          [GET_USER, "application/connect+json"],
          [GET_USER, "application/json; charset=iso-8859-1"],
          [GET_USER, "application/grpc+thrift"],
          [STREAM, "application/json"],
        ] as const) {
          const headers = contentType === undefined ? {} : { "content-type": contentType };
          const answer = await asked({ path, headers, body: "{}" });
          assert.equal(answer.status, 415);
          const accepted = String(answer.headers["accept-post"]).split(", ");
          const own = path === STREAM ? "application/connect+json" : "application/json";
          assert.ok(accepted.includes(own) && accepted.includes("application/grpc"), String(accepted));
          assert.match(answer.body.toString(), /^the content type ".*" is not served here: send one of /);
        }
      });

      for (const contentType of [
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        'Application/JSON ; charset="utf-8"',
        "application/json; charset=utf8",
        "application/json; v=1; charset=utf-8",
        "APPLICATION/JSON",
      ]) {
        it(`${contentType} is JSON, over ${version}`, async () => {
          const headers = { "content-type": contentType, ...withKey };
          const { status, body } = await asked({ path: GET_USER, headers, body: JSON.stringify({ id: ID }) });
          assert.deepEqual([status, body.toString().slice(0, 9)], [200, '{"user":{']);
        });
      }

      for (const contentType of [
        "application/grpc-web;charset=utf-8",
        "Application/gRPC-Web+Proto",
        "application/grpc-web+proto; charset=utf-8; q=1",
      ]) {
        it(`${contentType} is gRPC-Web, over ${version}`, async () => {
          const headers = { "content-type": contentType, ...withKey };
          const answer = await asked({ path: GET_USER, headers, body: envelope(Buffer.from([])) });
          assert.deepEqual(
            [answer.headers["content-type"], codeOf(answer)],
            ["application/grpc-web+proto", "3"], // no id
          );
        });
      }
    }

    for (const contentType of [
      "application/grpc;charset=utf-8",
      "application/grpc ; charset=utf-8",
      "Application/GRPC",
      "application/grpc+PROTO;a=b;c=d",
    ]) {
      it(`${contentType} is gRPC`, async () => {
        const headers = { "content-type": contentType, te: "trailers", "x-api-key": key };
        const body = envelope(Buffer.from(`\n$${ID}`));
        const answer = await askHttp2(server.port, { path: GET_USER, headers, body });
        assert.deepEqual([answer.headers["content-type"], codeOf(answer)], ["application/grpc+proto", "0"]);
      });
    }
  });
}
