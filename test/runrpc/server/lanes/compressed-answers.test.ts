import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { LogService, UploadLogsRequestSchema } from "../../../gen/rig/logs/v1/logs_pb.ts";
import {
  GetUserRequestSchema,
  GetUserResponseSchema,
  StreamUsersResponseSchema,
  UserService,
} from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { envelope } from "../../../wire/envelope.ts";
import { type Answer, askHttp1, askHttp2 } from "../http/ask.ts";
import { readBody } from "./differential/read-body.ts";

// What clients are given in the encodings that they take, in every protocol, on both lanes and both engines.

const GET_USER = "/rig.users.v1.UserService/GetUser";
const STREAM = "/rig.users.v1.UserService/StreamUsers";
const UPLOAD = "/rig.logs.v1.LogService/UploadLogs";

/** From this size on, in bytes. */
const MIN_BYTES = 500;

const id = "00000000-0000-4000-8000-000000000001";
const request = create(GetUserRequestSchema, { id });
const bytes = toBinary(GetUserRequestSchema, request);
const json = Buffer.from(toJsonString(GetUserRequestSchema, request));
const log = toBinary(
  UploadLogsRequestSchema,
  create(UploadLogsRequestSchema, { entries: [{ message: "a" }] }),
);

/** A name that makes the response message so long, with the 2 × 3 bytes before it. */
const nameFor = (messageBytes: number): string => "x".repeat(messageBytes - 6);
const LENGTHS = [10, 2_000, 20, 700, 493, 494, 30];

let displayName = "";
const services = [
  partOfService(UserService, {
    getUser: () => ({ user: { displayName } }),
    async *streamUsers() {
      for (const length of LENGTHS) yield { user: { displayName: "y".repeat(length) } };
    },
  }),
  partOfService(LogService, {
    async uploadLogs(requests) {
      for await (const _ of requests);
      return {};
    },
  }),
];

interface Way {
  readonly contentType: string;
  readonly accept: string;
  readonly own: string;
  readonly body: Uint8Array;
}

const WAYS: readonly Way[] = [
  ["application/grpc", "grpc-accept-encoding", "grpc-encoding", envelope(bytes)],
  ["application/grpc+json", "grpc-accept-encoding", "grpc-encoding", envelope(json)],
  ["application/grpc-web", "grpc-accept-encoding", "grpc-encoding", envelope(bytes)],
  [
    "application/grpc-web-text",
    "grpc-accept-encoding",
    "grpc-encoding",
    Buffer.from(envelope(bytes).toString("base64")),
  ],
  ["application/proto", "accept-encoding", "content-encoding", bytes],
  ["application/json", "accept-encoding", "content-encoding", json],
].map(([contentType, accept, own, body]) => ({ contentType, accept, own, body }) as Way);

for (const lane of ["auto", "stock"])
  for (const http2 of ["node", "own"]) {
    describe(`compressed answers, lane ${lane}, HTTP/2 by ${http2}`, () => {
      let server: Server;
      let silent: Server;
      before(async () => {
        const options = {
          services,
          keys: "open",
          server: { host: "127.0.0.1", port: 0, lane, http2 },
        } as const;
        server = await startServer({ ...options, compression: { minBytes: MIN_BYTES, loopback: true } });
        silent = await startServer(options);
      });
      after(() => Promise.all([server.drain(), silent.drain()]));

      for (const [version, ask] of [
        ["HTTP/1.1", askHttp1],
        ["HTTP/2", askHttp2],
      ] as const) {
        if (version === "HTTP/1.1" && http2 === "own") continue;
        for (const { contentType, accept, own, body } of WAYS) {
          const get = (headers: Readonly<Record<string, string>>, to: Server = server): Promise<Answer> =>
            ask(to.port, { path: GET_USER, headers: { "content-type": contentType, ...headers }, body });

          for (const encoding of ["gzip", "br", "zstd"])
            it(`${contentType} over ${version} is given ${encoding}, from the least size on`, async () => {
              displayName = nameFor(2_000);
              const long = await get({ [accept]: encoding });
              assert.equal(long.headers[own], encoding);
              const read = seen(long);
              assert.ok(read.isCompressed);
              assert.equal(nameIn(contentType, read.messages[0]?.[1]), displayName);
              assert.ok(long.body.length < 500);
              if (own === "content-encoding")
                assert.equal(long.headers["content-length"], String(long.body.length));
              if (contentType.endsWith("json")) return;
              for (const [length, isCompressed] of [
                [MIN_BYTES - 1, false],
                [MIN_BYTES, true],
              ] as const) {
                displayName = nameFor(length);
                const answer = seen(await get({ [accept]: encoding }));
                assert.equal(nameIn(contentType, answer.messages[0]?.[1]), displayName);
                assert.equal(answer.isCompressed, isCompressed, `${length} bytes`);
              }
            });

          for (const [title, headers] of [
            ["accepts nothing", {}],
            ["accepts the thing itself", { [accept]: "identity" }],
            ["accepts what nobody knows", { [accept]: "rot13, snappy" }],
            ["wants none of it", { [accept]: "gzip;q=0, *;q=0" }],
          ] as const)
            it(`${contentType} over ${version}: a client that ${title} is given the message itself`, async () => {
              displayName = nameFor(2_000);
              const answer = await get(headers);
              assert.equal(seen(answer).isCompressed, false);
              assert.equal(nameIn(contentType, seen(answer).messages[0]?.[1]), displayName);
              if (lane === "auto") assert.equal(answer.headers[own], undefined);
            });

          it(`${contentType} over ${version}: nothing is compressed for this machine by default`, async () => {
            displayName = nameFor(2_000);
            const answer = await get({ [accept]: "gzip" }, silent);
            assert.equal(seen(answer).isCompressed, false);
            assert.equal(nameIn(contentType, seen(answer).messages[0]?.[1]), displayName);
          });
        }

        it(`a client of application/proto over ${version} that compresses, and says no more, is answered so`, async () => {
          displayName = nameFor(2_000);
          const headers = { "content-type": "application/proto", "content-encoding": "gzip" };
          const answer = await ask(server.port, { path: GET_USER, headers, body: gzipSync(bytes) });
          assert.equal(answer.headers["content-encoding"], "gzip");
        });

        it(`a GET over ${version} is given what it accepts, and caches are told`, async () => {
          displayName = nameFor(2_000);
          const query = `?connect=v1&encoding=proto&base64=1&message=${Buffer.from(bytes).toString("base64url")}`;
          const headers = { "accept-encoding": "br" };
          const answer = await ask(server.port, { method: "GET", path: GET_USER + query, headers });
          assert.equal(answer.headers["content-encoding"], "br");
          assert.match(String(answer.headers.vary), /Accept-Encoding/);
          assert.equal(nameIn("application/proto", seen(answer).messages[0]?.[1]), displayName);
        });

        for (const contentType of [
          "application/grpc",
          "application/grpc-web",
          "application/grpc-web-text",
          "application/connect+proto",
        ])
          it(`of a stream of ${contentType} over ${version} the long messages are compressed, and the order stays`, async () => {
            const isText = contentType.endsWith("text");
            const accept = contentType.includes("connect")
              ? "connect-accept-encoding"
              : "grpc-accept-encoding";
            const sent = envelope(Buffer.alloc(0));
            const answer = await ask(server.port, {
              path: STREAM,
              headers: { "content-type": contentType, [accept]: "gzip" },
              body: isText ? sent.toString("base64") : sent,
            });
            const { messages } = seen(answer);
            const found = messages.filter(([flags]) => flags < 2);
            assert.deepEqual(
              found.map(
                ([, text]) =>
                  fromBinary(StreamUsersResponseSchema, Buffer.from(text, "latin1")).user?.displayName.length,
              ),
              LENGTHS,
            );
            const isLong = (length: number): boolean => length >= MIN_BYTES - 6;
            assert.deepEqual(
              found.map(([flags]) => flags === 1),
              LENGTHS.map(isLong),
            );
          });
      }

      it("the one answer to a client's stream may be compressed", async () => {
        const answer = await askHttp2(server.port, {
          path: UPLOAD,
          headers: { "content-type": "application/grpc", "grpc-accept-encoding": "gzip" },
          body: Buffer.concat([envelope(log), envelope(log)]),
        });
        assert.equal(answer.trailers["grpc-status"], "0");
        assert.equal(seen(answer).messages.length, 1);
      });
    });
  }

function seen({ status, headers, body }: Answer) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return readBody({ status, headers: lines, body: body.toString("latin1") });
}

function nameIn(contentType: string, text = ""): string | undefined {
  if (contentType.endsWith("json"))
    return (JSON.parse(text) as { user: { displayName: string } }).user.displayName;
  return fromBinary(GetUserResponseSchema, Buffer.from(text, "latin1")).user?.displayName;
}
