import assert from "node:assert/strict";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { LogService, UploadLogsRequestSchema } from "../../../gen/rig/logs/v1/logs_pb.ts";
import {
  GetUserRequestSchema,
  GetUserResponseSchema,
  StreamUsersResponseSchema,
  UserService,
} from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { envelope, envelopesIn } from "../../../wire/envelope.ts";
import { type Answer, askHttp1, askHttp2, fromBase64 } from "./ask.ts";

const GET_USER = "/rig.users.v1.UserService/GetUser";
const STREAM = "/rig.users.v1.UserService/StreamUsers";
const UPLOAD = "/rig.logs.v1.LogService/UploadLogs";
const TEXT = "application/grpc-web-text";

const id = "00000000-0000-4000-8000-000000000001";
const message = toBinary(GetUserRequestSchema, create(GetUserRequestSchema, { id }));
const logs = toBinary(
  UploadLogsRequestSchema,
  create(UploadLogsRequestSchema, { entries: [{ message: "a" }] }),
);

let uploads = 0;
let onStart = (): void => {};
let onUpload = (): Promise<void> | undefined => undefined;
/** What a handler was thrown from its stream. */
let fault: unknown;
const services = [
  partOfService(UserService, {
    getUser: ({ id: displayName }) => ({ user: { displayName } }),
    async *streamUsers() {
      for (const displayName of ["a", "bc", "def"]) {
        yield { user: { displayName } };
        await new Promise(setImmediate); // so that each leaves on its own
      }
    },
  }),
  partOfService(LogService, {
    async uploadLogs(requests) {
      onStart();
      try {
        for await (const _ of requests) {
          uploads++;
          await onUpload();
        }
      } catch (reason) {
        fault = reason;
        throw reason;
      }
      return {};
    },
  }),
];

/** The base64 of each part, padded by itself. */
const pieces = (...parts: readonly Uint8Array[]): string =>
  parts.map((part) => Buffer.from(part).toString("base64")).join("");

for (const lane of ["auto", "stock"]) {
  describe(`application/grpc-web-text, lane ${lane}`, () => {
    let server: Server;
    before(async () => {
      server = await startServer({ services, keys: "open", server: { host: "127.0.0.1", port: 0, lane } });
    });
    after(() => server.drain());

    it("what comes of a stream before a fault in its base64 reaches the handler, and then the fault does", async (t) => {
      uploads = 0;
      fault = undefined;
      const taken = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const started = Promise.withResolvers<void>();
      onStart = started.resolve;
      onUpload = () => {
        taken.resolve();
        return goOn.promise;
      };
      t.after(() => {
        onStart = () => {};
        onUpload = () => undefined;
      });
      const session = connect(`http://127.0.0.1:${server.port}`);
      t.after(() => session.destroy());
      const stream = session.request({ ":method": "POST", ":path": UPLOAD, "content-type": TEXT });
      // Who waits already takes the first one, and the second one is there when the fault comes.
      if (lane === "auto") await started.promise;
      stream.write(pieces(Buffer.concat([envelope(logs), envelope(logs)])));
      await taken.promise;
      stream.end("AAAA!AAA");
      // Pings are answered in their turn: the server has heard of the fault by then.
      for (let turn = 0; turn < 2; turn++) await new Promise((heard) => session.ping(heard));
      goOn.resolve();
      const body = fromBase64(await text(stream)).toString();
      assert.match(body, /grpc-status: ?3\r\n/);
      assert.equal(uploads, 2);
      assert.match(String(fault), /none of base64/);
    });

    for (const [version, ask] of [
      ["HTTP/1.1", askHttp1],
      ["HTTP/2", askHttp2],
    ] as const) {
      const post = (
        path: string,
        body: string | Uint8Array,
        headers: Readonly<Record<string, string>> = { "content-type": TEXT },
      ): Promise<Answer> => ask(server.port, { path, headers, body });

      const whole = envelope(message);
      for (const [title, sent] of [
        ["as one piece", pieces(whole)],
        ["as head and message", pieces(whole.subarray(0, 5), whole.subarray(5))],
        ["byte by byte", pieces(...[...whole].map((byte) => Buffer.of(byte)))],
        [
          "in pieces of two",
          pieces(...(whole.toString("hex").match(/.{1,4}/g) ?? []).map((hex) => Buffer.from(hex, "hex"))),
        ],
      ] as const) {
        it(`a message ${title} is answered with a message and trailers, over ${version}`, async () => {
          const { headers, body } = await post(GET_USER, sent);
          assert.equal(headers["content-type"], "application/grpc-web-text+proto");
          assert.match(body.toString(), /^[A-Za-z0-9+/]+={0,2}(?:[A-Za-z0-9+/]+={0,2})*$/);
          const [answer, trailer] = envelopesIn(fromBase64(body.toString()));
          assert.equal(fromBinary(GetUserResponseSchema, answer?.data ?? whole).user?.displayName, id);
          assert.equal(trailer?.flags, 0x80);
          assert.match(String(trailer?.data), /grpc-status: ?0\r\n/);
        });
      }

      it(`the messages of a stream come each in whole pieces, over ${version}`, async () => {
        const { body } = await post(STREAM, pieces(envelope(Buffer.alloc(0))));
        const found = envelopesIn(fromBase64(body.toString()));
        const names = found
          .slice(0, -1)
          .map(({ data }) => fromBinary(StreamUsersResponseSchema, data).user?.displayName);
        assert.deepEqual(names, ["a", "bc", "def"]);
      });

      it(`a client's stream is read, over ${version}`, async () => {
        uploads = 0;
        await post(UPLOAD, pieces(envelope(logs), envelope(logs), envelope(logs)));
        assert.equal(uploads, 3);
      });

      it(`a message that unpacks to more than the limit is refused, over ${version}`, async () => {
        const headers = { "content-type": TEXT, "grpc-encoding": "gzip" };
        for (const path of [GET_USER, UPLOAD]) {
          const bomb = envelope(gzipSync(Buffer.alloc(5_000_000)), 1);
          const { body } = await post(path, pieces(bomb), headers);
          assert.match(fromBase64(body.toString()).toString(), /grpc-status: ?8\r\n/);
        }
      });

      it(`the answer to a request that names an encoding which nobody knows is text, over ${version}`, async () => {
        const answer = await post(GET_USER, pieces(whole), {
          "content-type": TEXT,
          "grpc-encoding": "rot13",
        });
        assert.equal(answer.headers["content-type"], "application/grpc-web-text+proto");
        assert.match(fromBase64(answer.body.toString()).toString(), /grpc-status: ?12\r\n/);
      });

      it(`compressed messages are read, over ${version}`, async () => {
        const headers = { "content-type": `${TEXT}+proto`, "grpc-encoding": "gzip" };
        const { body } = await post(GET_USER, pieces(envelope(gzipSync(message), 1)), headers);
        assert.match(String(envelopesIn(fromBase64(body.toString())).at(-1)?.data), /grpc-status: ?0/);
      });

      it(`a client of the binary form may accept text, over ${version}`, async () => {
        const headers = { "content-type": "application/grpc-web+proto", accept: TEXT };
        const answer = await post(GET_USER, whole, headers);
        assert.equal(answer.headers["content-type"], "application/grpc-web-text+proto");
        assert.equal(envelopesIn(fromBase64(answer.body.toString())).length, 2);
      });

      for (const [title, body] of [
        ["a character of no base64", `${pieces(whole)}!AAA`],
        ["an end in the middle of four", pieces(whole).slice(0, -1)],
        ["padding in the middle of four", `A=AA${pieces(whole)}`],
        ["padding alone", `====${pieces(whole)}`],
        ["the bytes themselves", whole],
      ] as const) {
        it(`${title} is invalid_argument, over ${version}`, async () => {
          const answer = await post(GET_USER, body);
          const text = fromBase64(answer.body.toString()).toString();
          assert.match(text, /grpc-status: ?3\r\n/);
          assert.ok(answer.headers["x-request-id"]);
        });
      }
    }
  });
}
