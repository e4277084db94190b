import assert from "node:assert/strict";
import type { ClientHttp2Session } from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { Code } from "@connectrpc/connect";
import { seen, serve } from "./fast/serve.ts";
import { type Protocol, protocols, tell } from "./told.ts";

/** A server that keeps the names of the users that it is to create, and the lines that it is sent. */
async function subject(t: TestContext, lane: "auto" | "stock") {
  const kept: unknown[] = [];
  const running = await serve(
    t,
    {
      users: {
        createUser({ displayName }) {
          kept.push(displayName);
          return {};
        },
        listUsers({ pageToken }) {
          kept.push(pageToken);
          return {};
        },
      },
      logs: {
        async uploadLogs(requests) {
          for await (const { entries } of requests)
            kept.push(...entries.map(({ message, attributes }) => ({ message, attributes })));
          return {};
        },
      },
    },
    { server: { lane } },
  );
  return { ...running, kept };
}

/** What a client is told of a call with this JSON. */
async function errorOf(session: ClientHttp2Session, protocol: Protocol, path: string, body: Uint8Array) {
  const { error } = await tell(session, protocol, path, path === CREATE, [body], {}, "json");
  return error;
}

const CREATE = "/rig.users.v1.UserService/CreateUser";
const UPLOAD = "/rig.logs.v1.LogService/UploadLogs";
const json = (text: string) => Buffer.from(text);
const named = (name: readonly number[] | string) =>
  Buffer.concat([
    json('{"email":"a@example.com","displayName":"'),
    typeof name === "string" ? json(name) : Buffer.from(name),
    json('"}'),
  ]);

/** Bodies of CreateUser: what they are refused with, or the name that is kept. */
const BODIES: Readonly<Record<string, { body: Uint8Array; refused?: RegExp; kept?: string }>> = {
  "a byte that no character has": {
    body: named([0x61, 0xff]),
    refused: /^displayName: the text is not valid UTF-8/,
  },
  "half of a character": { body: named([0xe2, 0x82]), refused: /^displayName: the text is not valid UTF-8/ },
  "a surrogate in UTF-8": {
    body: named([0xed, 0xa0, 0x80]),
    refused: /^displayName: the text is not valid UTF-8/,
  },
  "slash in two bytes": { body: named([0xc0, 0xaf]), refused: /^displayName: the text is not valid UTF-8/ },
  "a byte outside any text": {
    body: Buffer.concat([json("{"), Buffer.from([0xff]), json("}")]),
    refused: /^the text is not valid UTF-8/,
  },
  "a byte order mark, and a bad byte": {
    body: Buffer.concat([json("\ufeff"), named([0xff])]),
    refused: /not valid UTF-8/,
  },
  "UTF-16 with its mark": { body: Buffer.from(`\ufeff${named("a")}`, "utf16le"), refused: /not valid UTF-8/ },
  "UTF-16 without one": {
    body: Buffer.from(named("a").toString(), "utf16le"),
    refused: /^cannot decode message/,
  },
  "half a surrogate pair as an escape": { body: named("\\ud800"), refused: /display_name.*invalid UTF8/ },
  "a member twice": {
    body: json('{"displayName":"a","displayName":"b"}'),
    refused: /duplicate object key "displayName"/,
  },
  "an unknown member that is too deep": {
    body: json(`{"unknown":${"[".repeat(500)}${"]".repeat(500)}}`),
    refused: /deeper than the maximum of 500 objects and arrays within each other$/,
  },
  "a byte order mark": { body: Buffer.concat([json("\ufeff"), named("a")]), kept: "a" },
  "U+FFFD itself": { body: named("\ufffd"), kept: "\ufffd" },
  "U+0000 as an escape": { body: named("a\\u0000b"), kept: "a\0b" },
};

for (const lane of ["auto", "stock"] as const) {
  describe(`JSON on the lane ${lane}`, () => {
    for (const [what, { body, refused, kept: expected }] of Object.entries(BODIES))
      it(`${what} is ${refused === undefined ? "kept" : "invalid_argument"} by every protocol`, async (t) => {
        const { session, kept, nextRecord } = await subject(t, lane);
        for (const protocol of protocols) {
          const error = await errorOf(session, protocol, CREATE, body);
          assert.equal(error?.code, refused === undefined ? undefined : Code.InvalidArgument);
          if (refused !== undefined) assert.match(error?.rawMessage ?? "", refused);
          assert.equal((await nextRecord()).error, error?.rawMessage ?? "");
        }
        assert.deepEqual(kept, expected === undefined ? [] : [expected, expected, expected]);
      });

    it("a value that would become another one is named with its path, in a stream too, and nothing is kept", async (t) => {
      const { session, kept } = await subject(t, lane);
      const bodies: Readonly<Record<string, RegExp>> = {
        '{"entries":[{"message":"a"},{"message":"b","time":"2024-02-30T00:00:00Z"}]}':
          /entries\[1\]\.time: "2024-02-30T00:00:00Z" is no date$/,
        '{"entries":[{"message":"a","severity":"SEVERITY_LOUD"}]}':
          /entries\[0\]\.severity: "SEVERITY_LOUD" is no value of rig\.logs\.v1\.Severity$/,
      };
      for (const [body, text] of Object.entries(bodies))
        for (const protocol of protocols) {
          const error = await errorOf(session, protocol, UPLOAD, json(body));
          assert.equal(error?.code, Code.InvalidArgument);
          assert.match(error?.rawMessage ?? "", text);
        }
      assert.deepEqual(kept, []);
    });

    it("names with escapes are those that are written, whatever was parsed before", async (t) => {
      const { session, kept } = await subject(t, lane);
      const line = (attribute: string) =>
        json(`{"entries":[{"message":"m","attributes":{"a":"1","${attribute}":"2"}}]}`);
      for (const attribute of ["\\\\", "\\u0064", "\\n", "z\\\\", "z\\u0064"]) {
        const error = await errorOf(session, "connect", UPLOAD, line(attribute));
        const name = JSON.parse(`"${attribute}"`) as string;
        // The stock lane leaves the reading to protobuf-es, and refuses what that may read as something else.
        if (lane === "stock" && error !== undefined) assert.equal(error.code, Code.InvalidArgument);
        else assert.deepEqual(kept.at(-1), { message: "m", attributes: { a: "1", [name]: "2" } });
      }
    });
  });
}

describe("the message of a Connect GET", () => {
  const target = (query: string) => `/rig.users.v1.UserService/ListUsers?connect=v1&encoding=json&${query}`;
  const get = async (session: ClientHttp2Session, query: string) => {
    const stream = session.request({ ":method": "GET", ":path": target(query) });
    stream.end();
    return await seen(stream);
  };
  const message = (token: string) => encodeURIComponent(`{"pageToken":"${token}"}`);
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

  it("that is what it says is taken, plain and as base64", async (t) => {
    const { session, kept } = await subject(t, "auto");
    for (const query of [
      `message=${message("a€")}`,
      `message=%7B%22pageToken%22:%22b+c%22%7D`,
      `message=${base64(json('{"pageToken":"d?~"}'))}&base64=1`,
      `message=${encodeURIComponent(Buffer.from('{"pageToken":"e"}').toString("base64"))}&base64=1`,
    ])
      assert.equal((await get(session, query)).headers[":status"], 200, query);
    assert.deepEqual(kept, ["a€", "b c", "d?~", "e"]);
  });

  it("that would be read as another one is invalid_argument", async (t) => {
    const { session, kept, nextRecord } = await subject(t, "auto");
    for (const query of [
      "message=%7B%22pageToken%22:%22%ff%22%7D",
      "message=%7B%22pageToken%22:%22%e2%82%22%7D",
      "message=%zz",
      `message=${base64(Buffer.concat([json('{"pageToken":"'), Buffer.from([0xff]), json('"}')]))}&base64=1`,
      "message=e30*&base64=1",
      "message=e30+&base64=1",
      "message=e30=e30&base64=1",
      "message=e&base64=1",
    ]) {
      const answer = await get(session, query);
      assert.equal(answer.headers[":status"], 400, query);
      assert.match(answer.body.toString(), /^\{"code":"invalid_argument"/, query);
      assert.equal((await nextRecord()).code, "invalid_argument");
    }
    assert.deepEqual(kept, []);
  });
});
