import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import type { CallRecord } from "../../../../src/runrpc/server/call/record.ts";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { LogService } from "../../../gen/rig/logs/v1/logs_pb.ts";
import { GetUserRequestSchema, UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { envelope } from "../../../wire/envelope.ts";
import { type Answer, askHttp1, askHttp2, codeOf, type Request, say } from "./ask.ts";

const GET_USER = "/rig.users.v1.UserService/GetUser";
const STREAM = "/rig.users.v1.UserService/StreamUsers";
const CREATE = "/rig.users.v1.UserService/CreateUser";
const UPLOAD = "/rig.logs.v1.LogService/UploadLogs";

const ID = "00000000-0000-4000-8000-000000000001";
const JSON_MESSAGE = JSON.stringify({ id: ID });
const PROTO = toBinary(GetUserRequestSchema, create(GetUserRequestSchema, { id: ID }));
const GARBAGE = Buffer.from([0x0a, 0xff, 0xff]);
const GZIP = gzipSync(PROTO);
const BROTLI = brotliCompressSync(PROTO);

const services = [
  partOfService(UserService, {
    getUser: () => ({ user: { displayName: "a" } }),
    async *streamUsers() {
      yield { user: { displayName: "a" } };
    },
    createUser: () => ({}),
  }),
  partOfService(LogService, {
    async uploadLogs(requests) {
      for await (const _ of requests);
      return {};
    },
  }),
];

interface Side {
  readonly server: Server;
  readonly errors: unknown[];
  readonly records: CallRecord[];
  /** The next record that is written. */
  nextRecord(): Promise<CallRecord>;
}

async function startSide(lane: string): Promise<Side> {
  const errors: unknown[] = [];
  const records: CallRecord[] = [];
  let waiter: ((record: CallRecord) => void) | undefined;
  const note = (...line: unknown[]): void => void errors.push(line);
  const server = await startServer({
    services,
    keys: "open",
    server: { host: "127.0.0.1", port: 0, lane },
    limits: { maxRequestBytes: 4_096, maxHeaderBytes: 2_048, maxHeaderPairs: 16 },
    log: { debug() {}, info() {}, warn() {}, error: note, fatal: note } as never, // whichever levels there are
    onRecord(record) {
      records.push(record);
      waiter?.(record);
    },
  });
  const nextRecord = (): Promise<CallRecord> =>
    new Promise((resolve) => {
      waiter = resolve;
    });
  return { server, errors, records, nextRecord };
}

type Row = readonly [title: string, request: Request, code: string];

const type = (value: string, more: Readonly<Record<string, string>> = {}) => ({
  "content-type": value,
  ...more,
});
const get = (query: string): Request => ({ method: "GET", path: `${GET_USER}?${query}` });
const long = { "x-long": "y".repeat(2_500) };
const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`x-${index}`, "1"]));

const CONNECT: readonly Row[] = [
  [
    "truncated gzip",
    {
      path: GET_USER,
      headers: type("application/proto", { "content-encoding": "gzip" }),
      body: GZIP.subarray(0, -9),
    },
    "invalid_argument",
  ],
  [
    "gzip cut behind its head",
    {
      path: GET_USER,
      headers: type("application/proto", { "content-encoding": "gzip" }),
      body: GZIP.subarray(0, 10),
    },
    "invalid_argument",
  ],
  [
    "junk for gzip",
    { path: GET_USER, headers: type("application/proto", { "content-encoding": "gzip" }), body: "junk" },
    "invalid_argument",
  ],
  [
    "gzip with a wrong checksum",
    {
      path: GET_USER,
      headers: type("application/proto", { "content-encoding": "gzip" }),
      body: Buffer.concat([GZIP.subarray(0, -8), Buffer.alloc(8)]),
    },
    "invalid_argument",
  ],
  [
    "a bomb",
    {
      path: GET_USER,
      headers: type("application/proto", { "content-encoding": "gzip" }),
      body: gzipSync(Buffer.alloc(100_000)),
    },
    "resource_exhausted",
  ],
  [
    "junk for brotli",
    {
      path: GET_USER,
      headers: type("application/proto", { "content-encoding": "br" }),
      body: "junk and more junk",
    },
    "invalid_argument",
  ],
  [
    "truncated brotli",
    {
      path: GET_USER,
      headers: type("application/proto", { "content-encoding": "br" }),
      body: BROTLI.subarray(0, -3),
    },
    "invalid_argument",
  ],
  [
    "an unknown encoding",
    { path: GET_USER, headers: type("application/proto", { "content-encoding": "rot13" }), body: PROTO },
    "unimplemented",
  ],
  ["no proto", { path: GET_USER, headers: type("application/proto"), body: GARBAGE }, "invalid_argument"],
  ["no JSON", { path: GET_USER, headers: type("application/json"), body: "{" }, "invalid_argument"],
  [
    "JSON of another shape",
    { path: GET_USER, headers: type("application/json"), body: '{"id":7}' },
    "invalid_argument",
  ],
  [
    "a body above the limit",
    { path: GET_USER, headers: type("application/json"), body: `{"id":"${"x".repeat(5_000)}"}` },
    "resource_exhausted",
  ],
  [
    "an unknown method",
    { path: "/rig.users.v1.UserService/GetUsr", headers: type("application/json"), body: "{}" },
    "unimplemented",
  ],
  [
    "an unknown content type",
    { path: GET_USER, headers: type("application/x-www-form-urlencoded"), body: "{}" },
    "HTTP 415",
  ],
  ["no content type", { path: GET_USER, body: "{}" }, "HTTP 415"],
  [
    "JSON in Latin-1",
    { path: GET_USER, headers: type("application/json; charset=latin1"), body: "{}" },
    "HTTP 415",
  ],
  [
    "a stream's type on a unary method",
    { path: GET_USER, headers: type("application/connect+json"), body: "{}" },
    "HTTP 415",
  ],
  ["a unary type on a stream", { path: STREAM, headers: type("application/json"), body: "{}" }, "HTTP 415"],
  ["PUT", { method: "PUT", path: GET_USER, headers: type("application/json"), body: "{}" }, "HTTP 405"],
  ["GET of a method with effects", { method: "GET", path: `${CREATE}?encoding=json&message={}` }, "HTTP 405"],
  [
    "a malformed timeout",
    { path: GET_USER, headers: type("application/json", { "connect-timeout-ms": "1s" }), body: JSON_MESSAGE },
    "invalid_argument",
  ],
  [
    "two timeouts",
    {
      path: GET_USER,
      headers: type("application/json", { "connect-timeout-ms": "1000, 1000" }),
      body: JSON_MESSAGE,
    },
    "invalid_argument",
  ],
  [
    "another version of the protocol",
    {
      path: GET_USER,
      headers: type("application/json", { "connect-protocol-version": "2" }),
      body: JSON_MESSAGE,
    },
    "invalid_argument",
  ],
  [
    "headers above the limit",
    { path: GET_USER, headers: type("application/json", long), body: JSON_MESSAGE },
    "resource_exhausted",
  ],
  [
    "too many headers",
    { path: GET_USER, headers: { ...many, ...type("application/proto") }, body: PROTO },
    "resource_exhausted",
  ],
  ["GET without a query", { method: "GET", path: GET_USER }, "invalid_argument"],
  ["GET without an encoding", get(`message=${JSON_MESSAGE}`), "invalid_argument"],
  ["GET with an unknown encoding", get("encoding=xml&message=x"), "invalid_argument"],
  ["GET without a message", get("encoding=json"), "invalid_argument"],
  ["GET with bad base64", get("encoding=proto&base64=1&message=!!!!"), "invalid_argument"],
  ["GET with a lone base64 digit", get("encoding=proto&base64=1&message=AAAAA"), "invalid_argument"],
  ["GET with base64=2", get("encoding=proto&base64=2&message=AAAA"), "invalid_argument"],
  [
    "GET with another version of the protocol",
    get("connect=v2&encoding=json&message={}"),
    "invalid_argument",
  ],
  ["GET with two messages", get("encoding=json&message={}&message={}"), "invalid_argument"],
  ["GET with two encodings", get("encoding=json&encoding=json&message={}"), "invalid_argument"],
  ["GET with a bad escape", get("encoding=json&message=%7B%zz%7D"), "invalid_argument"],
  ["GET with half an escape", get("encoding=json&message=%7B%7D%2"), "invalid_argument"],
  ["GET with no UTF-8", get("encoding=json&message=%7B%22id%22:%22%ff%22%7D"), "invalid_argument"],
  ["GET with an unknown compression", get("encoding=json&compression=rot13&message={}"), "unimplemented"],
  ["GET with junk for gzip", get("encoding=proto&compression=gzip&message=junk"), "invalid_argument"],
  [
    "GET with truncated gzip",
    get(`encoding=proto&compression=gzip&base64=1&message=${GZIP.subarray(0, -9).toString("base64url")}`),
    "invalid_argument",
  ],
  [
    "GET with no proto",
    get(`encoding=proto&base64=1&message=${GARBAGE.toString("base64url")}`),
    "invalid_argument",
  ],
  [
    "GET with a malformed timeout",
    { ...get(`encoding=json&message=${JSON_MESSAGE}`), headers: { "connect-timeout-ms": "-1" } },
    "invalid_argument",
  ],
];

/** What is wrong with a body of envelopes, in every protocol that has them. */
const BODIES: readonly (readonly [string, Uint8Array, Encoding: string | undefined, code: number])[] = [
  ["no message", Buffer.alloc(0), undefined, 12],
  ["two messages", Buffer.concat([envelope(PROTO), envelope(PROTO)]), undefined, 12],
  ["no proto", envelope(GARBAGE), undefined, 3],
  ["half a head", Buffer.alloc(3), undefined, 3],
  ["a cut envelope", envelope(PROTO).subarray(0, -3), undefined, 3],
  ["bytes behind the envelope", Buffer.concat([envelope(PROTO), Buffer.from("abc")]), undefined, 3],
  ["a length above the limit", Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), undefined, 8],
  ["a flag that there is not", envelope(PROTO, 0x40), undefined, 3],
  [
    "the end of a server's stream",
    Buffer.concat([envelope(PROTO), envelope(Buffer.from("{}"), 0x02)]),
    undefined,
    3,
  ],
  [
    "a server's trailers",
    Buffer.concat([envelope(PROTO), envelope(Buffer.from("a: b\r\n"), 0x80)]),
    undefined,
    3,
  ],
  ["one in the second envelope", Buffer.concat([envelope(PROTO), envelope(PROTO, 0x21)]), "gzip", 3],
  ["truncated gzip", envelope(GZIP.subarray(0, -9), 1), "gzip", 3],
  ["junk for gzip", envelope(Buffer.from("junk"), 1), "gzip", 3],
  ["junk for brotli", envelope(Buffer.from("junk and more junk"), 1), "br", 3],
  ["truncated brotli", envelope(BROTLI.subarray(0, -3), 1), "br", 3],
  ["a bomb", envelope(gzipSync(Buffer.alloc(100_000)), 1), "gzip", 8],
  ["an unknown encoding", envelope(PROTO), "rot13", 12],
];

const NAMES: Readonly<Record<number, string>> = {
  3: "invalid_argument",
  8: "resource_exhausted",
  12: "unimplemented",
};

function enveloped(contentType: string, path: string): Row[] {
  const isConnect = contentType.startsWith("application/connect");
  const encoding = isConnect ? "connect-content-encoding" : "grpc-encoding";
  const named = (code: number): string => (isConnect ? (NAMES[code] ?? "") : String(code));
  const spoken = (body: Uint8Array) =>
    contentType.includes("-text") ? Buffer.from(body).toString("base64") : body;
  const timeout = isConnect ? "connect-timeout-ms" : "grpc-timeout";
  const request = (headers: Readonly<Record<string, string>>, body: Uint8Array): Request => ({
    path,
    headers: type(contentType, headers),
    body: spoken(body),
  });
  const isStream = path === UPLOAD;
  return [
    ...BODIES.filter(([title]) => !(isStream && (title === "no message" || title === "two messages"))).map(
      ([title, body, name, code]): Row => [
        title,
        request(name === undefined ? {} : { [encoding]: name }, body),
        named(code),
      ],
    ),
    ["a malformed timeout", request({ [timeout]: "1s" }, envelope(PROTO)), named(3)],
    ...(isConnect
      ? [
          [
            "another version of the protocol",
            request({ "connect-protocol-version": "0" }, envelope(PROTO)),
            named(3),
          ] as const,
        ]
      : []),
    ["headers above the limit", request(long, envelope(PROTO)), named(8)],
    [
      "too many headers",
      { path, headers: { ...many, ...type(contentType) }, body: spoken(envelope(PROTO)) },
      named(8),
    ],
    [
      "an unknown method",
      { path: `${path}x`, headers: type(contentType), body: spoken(envelope(PROTO)) },
      named(12),
    ],
  ];
}

const TABLES: readonly (readonly [string, readonly Row[], versions: readonly string[]])[] = [
  ["Connect", CONNECT, ["1.1", "2"]],
  ["a Connect stream", enveloped("application/connect+proto", STREAM), ["1.1", "2"]],
  ["a Connect upload", enveloped("application/connect+proto", UPLOAD), ["1.1", "2"]],
  ["gRPC", enveloped("application/grpc", GET_USER), ["2"]],
  ["a gRPC stream", enveloped("application/grpc+proto", STREAM), ["2"]],
  ["a gRPC upload", enveloped("application/grpc", UPLOAD), ["2"]],
  ["gRPC-Web", enveloped("application/grpc-web+proto", GET_USER), ["1.1", "2"]],
  ["a gRPC-Web stream", enveloped("application/grpc-web", STREAM), ["1.1", "2"]],
  ["gRPC-Web text", enveloped("application/grpc-web-text", GET_USER), ["1.1", "2"]],
];

for (const lane of ["auto", "stock"]) {
  describe(`a client's fault, lane ${lane}`, () => {
    let side: Side;
    before(async () => {
      side = await startSide(lane);
    });
    after(() => side.server.drain());

    for (const [protocol, rows, versions] of TABLES) {
      for (const version of versions) {
        it(`is told as what it is in ${protocol} over HTTP/${version}`, async () => {
          const ask = version === "2" ? askHttp2 : askHttp1;
          const seen = await Promise.all(
            rows.map(async ([title, request]) => [title, told(await ask(side.server.port, request))]),
          );
          assert.deepEqual(
            seen,
            rows.map(([title, , code]) => [title, code]),
          );
        });
      }
    }

    it("is never an error line, and never internal in a record", () => {
      assert.deepEqual(side.errors, []);
      assert.deepEqual([...new Set(side.records.map(({ code }) => code))].sort(), [
        "invalid_argument",
        "resource_exhausted",
        "unimplemented",
      ]);
    });
  });
}

for (const lane of ["auto", "stock"]) {
  const head = `POST ${GET_USER} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`;
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`;
  describe(`a request that HTTP/1.1 cannot read, lane ${lane}`, () => {
    let side: Side;
    before(async () => {
      side = await startSide(lane);
    });
    after(() => side.server.drain());

    for (const [title, text, status, code] of [
      ["a chunk without a length", `${chunked}zz\r\n`, 400, "invalid_argument"],
      ["one behind a good chunk", `${chunked}2\r\n{}\r\nzz\r\n`, 400, "invalid_argument"],
      [
        "an extension above the limit",
        `${chunked}2;${"x".repeat(20_000)}\r\n{}\r\n`,
        413,
        "invalid_argument",
      ],
      ["another transfer encoding", `${head}Transfer-Encoding: gzip\r\n\r\n{}`, 400, "invalid_argument"],
    ] as const) {
      it(`${title} is answered in the protocol of its call, and recorded so`, async () => {
        const recorded = side.nextRecord();
        const answer = await say(side.server.port, text);
        assert.deepEqual([answer.status, codeOf(answer)], [status, code]);
        const { code: told, requestId } = await recorded;
        assert.deepEqual([told, requestId], [code, answer.headers["x-request-id"]]);
      });
    }

    it("is answered after the requests before it, or not at all", async () => {
      const whole = `${head}Content-Length: ${JSON_MESSAGE.length}\r\n\r\n${JSON_MESSAGE}`;
      const { status, body } = await say(side.server.port, whole, "no HTTP\r\n\r\n");
      assert.ok(status === 200 || status === 0, `${status}`);
      assert.ok(!body.includes("well-formed") || status === 200);
    });

    for (const [title, text, status, code] of [
      ["an expectation", `${head}Expect: x\r\nContent-Length: 2\r\n\r\n{}`, 417, "invalid_argument"],
      ["a host", `${head.replace("Host: a", "Host: [")}Content-Length: 2\r\n\r\n{}`, 400, "invalid_argument"],
      ["no host", `${head.replace("Host: a\r\n", "")}Content-Length: 2\r\n\r\n{}`, 400, "invalid_argument"],
      ["headers far above the limit", `${head}X: ${"y".repeat(9_000)}\r\n\r\n`, 431, "HTTP 431"],
      ["a path above the limit", `GET /${"y".repeat(2_500)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431, "HTTP 431"],
      ["no HTTP", "no HTTP\r\n\r\n", 400, "HTTP 400"],
    ] as const) {
      it(`${title} is refused with the id of the request`, async () => {
        const answer = await say(side.server.port, text);
        assert.deepEqual([answer.status, codeOf(answer)], [status, code]);
        assert.match(String(answer.headers["x-request-id"]), /^[\da-f]{24}$/);
      });
    }

    it("a client that leaves in the middle of its body has cancelled its call", async () => {
      const recorded = side.nextRecord();
      const { status } = await say(side.server.port, `${head}Content-Length: 100\r\n\r\n{`, null);
      const { code, cancelledBy } = await recorded;
      assert.deepEqual([status, code, cancelledBy], [0, "canceled", "client"]);
    });

    it("a compressed message without a compression is internal, as gRPC has it, and no error line", async () => {
      for (const contentType of ["application/grpc", "application/grpc-web", "application/grpc-web-text"]) {
        const bytes = envelope(PROTO, 1);
        const body = contentType.endsWith("text") ? bytes.toString("base64") : bytes;
        const answer = await askHttp2(side.server.port, { path: GET_USER, headers: type(contentType), body });
        assert.deepEqual([answer.status, told(answer)], [200, "13"]);
      }
      assert.deepEqual(side.errors, []);
    });
  });
}

/** The code, behind which stands what should not be: an answer without a request id. */
function told(answer: Answer): string {
  const code = codeOf(answer);
  return answer.headers["x-request-id"] === undefined ? `${code}, without a request id` : code;
}
