import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallRecord } from "../../../../src/runrpc/server/call/record.ts";
import { startServer } from "../../../../src/runrpc/server/server.ts";
import type { ServerOptions } from "../../../../src/runrpc/server/server-options.ts";
import { openRaw, openRawHttp2 } from "../../../abuse/raw.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { memoryStore } from "../auth/memory-store.ts";
import { frame, request } from "../listener/frames.ts";

// A header that a request has once, sent twice: nobody can say which is meant, so that neither is, nor what both are joined to.

const PATH = "/rig.users.v1.UserService/GetUser";
const BODY = Buffer.from('{"id":"00000000-0000-4000-8000-000000000001"}');
type Fields = readonly (readonly [string, string])[];

const JSON_TYPE = ["content-type", "application/json"] as const;

async function start(
  t: { after(end: () => unknown): void },
  lane: string,
  http2: string,
  more: Partial<ServerOptions> = {},
) {
  const records: CallRecord[] = [];
  const heard: (() => void)[] = [];
  const keys = memoryStore();
  let served = 0;
  const server = await startServer({
    services: [
      partOfService(UserService, {
        getUser() {
          served++;
          return {};
        },
      }),
    ],
    keys,
    ...more,
    server: { host: "127.0.0.1", port: 0, lane, http2 },
    onRecord(record) {
      records.push(record);
      heard.shift()?.();
    },
  });
  t.after(() => server.drain());
  async function nextRecord(): Promise<CallRecord> {
    if (records.length === 0) await new Promise<void>((resolve) => heard.push(resolve));
    return records.shift() ?? assert.fail();
  }
  return { server, keys, nextRecord, served: () => served };
}

/** The HTTP/1.1 status line, or nothing. */
async function sendHttp1(port: number, fields: Fields): Promise<string> {
  const connection = await openRaw(port);
  const lines = [`POST ${PATH} HTTP/1.1`, "host: localhost", ...fields.map((field) => field.join(": "))];
  await connection.send(`${lines.join("\r\n")}\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`);
  const line = await connection.until((bytes) => /^HTTP\/1\.1 [^\r]*/.exec(bytes.toString("latin1"))?.[0]);
  connection.socket.destroy();
  return line ?? "";
}

async function sendHttp2(port: number, fields: Fields): Promise<void> {
  const connection = await openRawHttp2(port);
  const head = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", PATH],
    [":authority", "localhost"],
  ] as const;
  await connection.send(Buffer.concat([request(1, [...head, ...fields], true), frame(0, 1, 1, BODY)]));
  await connection.until((bytes) => (bytes.includes("rig") || bytes.length > 60 ? true : undefined));
  connection.socket.destroy();
}

for (const [lane, http2] of [
  ["stock", "own"],
  ["auto", "own"],
  ["auto", "node"],
] as const)
  for (const [version, send] of [
    ["1.1", sendHttp1],
    ["2", sendHttp2],
  ] as const) {
    const title = `lane ${lane}${http2 === "node" ? " on node:http2" : ""}, HTTP/${version}`;

    test(`${title}: two credentials are unauthenticated, also where both are good`, async (t) => {
      const { server, keys, nextRecord, served } = await start(t, lane, http2);
      const key = keys.add();
      const bearer = ["authorization", `Bearer ${key}`] as const;
      await send(server.port, [JSON_TYPE, bearer]);
      assert.equal((await nextRecord()).code, "ok");
      for (const [fields, told] of [
        [[bearer, bearer], "authorization was sent more than once"],
        [[bearer, ["authorization", "Bearer other"]], "authorization was sent more than once"],
        [[["authorization", "Bearer other"], bearer], "authorization was sent more than once"],
        [[["authorization", "Basic YTpi"], bearer], "authorization was sent more than once"],
        [
          [
            ["x-api-key", key],
            ["x-api-key", key],
          ],
          "x-api-key was sent more than once",
        ],
      ] as const) {
        await send(server.port, [JSON_TYPE, ...fields]);
        const { code, error } = await nextRecord();
        assert.deepEqual([code, error], ["unauthenticated", told]);
      }
      assert.equal(served(), 1);
    });

    test(`${title}: the application's own authenticate is asked about none of two credentials`, async (t) => {
      const asked: (string | undefined)[] = [];
      const { server, nextRecord } = await start(t, lane, http2, {
        keys: memoryStore(),
        authenticate({ authorization }) {
          asked.push(authorization);
          return { subject: "somebody", scopes: ["*"] };
        },
      });
      const digest = 'Digest username="a, b", realm="r", qop=auth, nc=1';
      await send(server.port, [JSON_TYPE, ["authorization", digest]]);
      assert.equal((await nextRecord()).code, "ok");
      for (const first of ["Bearer a", digest, "Basic YTpi"]) {
        await send(server.port, [JSON_TYPE, ["authorization", first], ["authorization", "Bearer b"]]);
        assert.equal((await nextRecord()).code, "unauthenticated");
      }
      assert.deepEqual(asked, [digest]);
    });

    test(`${title}: two content types and two timeouts are refused`, async (t) => {
      const { server, nextRecord, served } = await start(t, lane, http2, { keys: "open" });
      const timeout = (text: string) => ["connect-timeout-ms", text] as const;
      for (const [fields, code] of [
        [[JSON_TYPE, JSON_TYPE], "unimplemented"],
        [[JSON_TYPE, ["content-type", "application/proto"]], "unimplemented"],
        [[["content-type", "application/json; charset=utf-8"], JSON_TYPE], "unimplemented"],
        [[JSON_TYPE, timeout("5000"), timeout("5000")], "invalid_argument"],
        [[JSON_TYPE, timeout("5000"), timeout("6000")], "invalid_argument"],
      ] as const) {
        await send(server.port, fields);
        assert.equal((await nextRecord()).code, code, JSON.stringify(fields));
      }
      assert.equal(served(), 0);
    });
  }

for (const lane of ["stock", "auto"] as const) {
  test(`lane ${lane}: two grpc-timeouts are invalid_argument`, async (t) => {
    const { server, nextRecord, served } = await start(t, lane, "own", { keys: "open" });
    const type = ["content-type", "application/grpc"] as const;
    await sendHttp2(server.port, [type, ["te", "trailers"], ["grpc-timeout", "5S"], ["grpc-timeout", "5S"]]);
    const { code, error } = await nextRecord();
    assert.deepEqual([code, served()], ["invalid_argument", 0]);
    assert.match(error ?? "", /^grpc-timeout is "5S, 5S"; it takes /);
  });

  test(`lane ${lane}: two lengths of a body end the request before it is one`, async (t) => {
    const { server, served } = await start(t, lane, "own", { keys: "open" });
    for (const length of [`${BODY.length}`, "3"])
      assert.match(await sendHttp1(server.port, [JSON_TYPE, ["content-length", length]]), /^HTTP\/1\.1 400 /);
    assert.equal(served(), 0);
  });
}
