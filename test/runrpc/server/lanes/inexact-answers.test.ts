import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ChatRequestSchema } from "../../../gen/rig/chat/v1/chat_pb.ts";
import { UserSchema } from "../../../gen/rig/users/v1/users_pb.ts";
import { recordingLog } from "../recording-log.ts";
import { type Handlers, serve } from "./fast/serve.ts";
import { protocols, tell } from "./told.ts";

// A value that its field would carry as another one is its handler's fault: no client is given it, and the log names the field.

const HALF = "a\ud800b";
const LISTS = "/rig.users.v1.UserService/ListUsers";
const STREAMS = "/rig.users.v1.UserService/StreamUsers";
const UPLOADS = "/rig.logs.v1.LogService/UploadLogs";
const CHATS = "/rig.chat.v1.ChatService/Chat";

const handlers = (logsReceived: unknown): object => ({
  users: {
    listUsers: () => ({ users: [{ displayName: "whole" }, create(UserSchema, { displayName: HALF })] }),
    async *streamUsers() {
      yield { user: { displayName: HALF } };
    },
  },
  logs: { uploadLogs: () => ({ logsReceived }) },
  chat: {
    async *chat() {
      yield { text: `${"long ".repeat(10)}${HALF}` };
    },
  },
});

const said = (format: "proto" | "json"): Uint8Array =>
  format === "json"
    ? Buffer.from('{"room":"r","text":"t"}')
    : toBinary(ChatRequestSchema, create(ChatRequestSchema, { room: "r", text: "t" }));

const rows = [
  [LISTS, true, /users\[1\]\.displayName: the text holds half a surrogate pair$/],
  [STREAMS, false, /user\.displayName: the text holds half a surrogate pair$/],
  [UPLOADS, false, /logsReceived: a string is no int64$/],
  [CHATS, false, /text: the text holds half a surrogate pair$/],
] as const;

for (const lane of ["stock", "auto"] as const)
  for (const codec of ["own", "protobuf-es"] as const)
    for (const format of ["proto", "json"] as const)
      test(`lane ${lane}, codec ${codec}, ${format}: half a surrogate pair, and text in an int64, are internal, and the field is named`, async (t) => {
        const { log, lines } = recordingLog();
        const server = { host: "127.0.0.1", port: 0, lane, codec };
        // "12" is as long as 12, "0x10" would be 16, and "" would be nothing.
        for (const text of ["12", "0x10", "", " "]) {
          const running = await serve(t, handlers(text) as Handlers, { server, log });
          for (const [path, isUnary, pattern] of rows)
            for (const protocol of protocols) {
              if (path !== UPLOADS && text !== "12") continue;
              const messages = path === CHATS ? [said(format)] : path === UPLOADS ? [] : [EMPTY[format]];
              const { error } = await tell(running.session, protocol, path, isUnary, messages, {}, format);
              const { requestId, code, messagesOut } = await running.nextRecord();
              const what = `${protocol} ${path} ${JSON.stringify(text)}`;
              assert.equal(error?.code, Code.Internal, what);
              assert.equal(error.rawMessage, `internal error, request id ${requestId}`, what);
              assert.deepEqual([code, messagesOut], ["internal", 0], what);
              const line = lines.filter(({ level }) => level === "error").at(-1);
              assert.ok(line !== undefined && "err" in line.fields && line.fields.err instanceof Error, what);
              assert.match(line.fields.err.message, pattern, what);
            }
        }
      });

for (const lane of ["stock", "auto"] as const)
  test(`lane ${lane}: a whole pair, U+FFFD itself and the greatest integer arrive as they are`, async (t) => {
    const displayName = "\u{1f600} \ufffd \\ud800";
    const whole: object = {
      users: { listUsers: () => ({ users: [{ displayName }] }) },
      logs: { uploadLogs: () => ({ logsReceived: 2n ** 63n - 1n }) },
    };
    const { baseUrl } = await serve(t, whole as Handlers, { server: { host: "127.0.0.1", port: 0, lane } });
    const headers = { "content-type": "application/json" };
    const response = await fetch(baseUrl + LISTS, { method: "POST", headers, body: "{}" });
    assert.deepEqual(await response.json(), { users: [{ displayName }] });
  });

for (const lane of ["stock", "auto"] as const)
  test(`lane ${lane}: half a surrogate pair in a detail of an error makes it internal, and the log names the field`, async (t) => {
    const { log, lines } = recordingLog();
    const failing: object = {
      users: {
        listUsers() {
          throw new ConnectError("no", Code.Aborted, undefined, [
            { desc: UserSchema, value: { displayName: HALF } },
          ]);
        },
      },
    };
    const server = { host: "127.0.0.1", port: 0, lane };
    const { session } = await serve(t, failing as Handlers, { server, log });
    for (const protocol of protocols) {
      const { error } = await tell(session, protocol, LISTS, true, [EMPTY.proto]);
      assert.equal(error?.code, Code.Internal);
    }
    const told = lines
      .filter(({ level }) => level === "error")
      .map(({ fields }) => JSON.stringify(reasons(fields)));
    assert.equal(told.length, 3);
    for (const text of told) assert.match(text, /displayName: the text holds half a surrogate pair/);
  });

const EMPTY = { proto: new Uint8Array(0), json: Buffer.from("{}") } as const;

/** What a line of the log says of the error, whatever names it has there. */
function reasons(fields: object): unknown {
  return Object.values(fields).map((value) => (value instanceof Error ? value.message : value));
}
