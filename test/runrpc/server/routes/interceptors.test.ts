import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  Code,
  ConnectError,
  createClient,
  createContextKey,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { ChatService } from "../../../gen/rig/chat/v1/chat_pb.ts";
import { LogService } from "../../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";

const userId = "00000000-0000-4000-8000-000000000001";
const noteKey = createContextKey("none");

/** Every request passes here: the kinds are told by `req.method`, changes are seen on both sides. */
function noting(name: string, seen: string[]): Interceptor {
  return (next) => async (request) => {
    seen.push(`${name} ${request.method.name} ${request.stream ? "stream" : "unary"}`);
    request.contextValues.set(noteKey, `${name} was here`);
    request.header.set("x-note", name);
    const response = await next(request);
    response.header.set(`x-${name}`, "header");
    response.trailer.set(`x-${name}-trailer`, "trailer");
    return response;
  };
}

const noteOf = ({ values, requestHeader }: HandlerContext) =>
  `${values.get(noteKey)}, ${requestHeader.get("x-note")}`;

describe("interceptors", () => {
  const seen: string[] = [];
  let server: Server;
  let refuse = false;

  before(async () => {
    const refusing: Interceptor = (next) => (request) => {
      if (refuse) throw new ConnectError("not today", Code.Aborted);
      return next(request);
    };
    server = await startServer({
      keys: "open",
      server: { host: "127.0.0.1", port: 0 },
      interceptors: [noting("outer", seen), noting("inner", seen), refusing],
      services: [
        partOfService(UserService, {
          getUser: (_request, context) => ({ user: { id: userId, displayName: noteOf(context) } }),
          async *streamUsers(_request, context) {
            yield { user: { displayName: noteOf(context) } };
          },
        }),
        partOfService(LogService, {
          async uploadLogs(requests) {
            let count = 0n;
            for await (const { entries } of requests) count += BigInt(entries.length);
            return { logsReceived: count };
          },
        }),
        partOfService(ChatService, {
          async *chat(requests, context) {
            for await (const { text } of requests) yield { text: `${text}, ${noteOf(context)}` };
          },
        }),
      ],
    });
  });

  after(() => server.drain());

  const transport = () => createGrpcTransport({ baseUrl: server.url });

  it("run outermost first around each kind, and hand on what they changed", async () => {
    const users = createClient(UserService, transport());
    const logs = createClient(LogService, transport());
    const chat = createClient(ChatService, transport());
    const note = "inner was here, inner";

    const { user } = await users.getUser({ id: userId });
    const streamed = await Array.fromAsync(users.streamUsers({}));
    async function* upload() {
      yield { entries: [{ message: "a" }] };
      yield { entries: [{ message: "b" }, { message: "c" }] };
    }
    async function* talk() {
      yield { room: "r", text: "hi" };
    }
    const { logsReceived } = await logs.uploadLogs(upload());
    const talked = await Array.fromAsync(chat.chat(talk()));

    assert.deepEqual(
      [user?.displayName, streamed[0]?.user?.displayName, logsReceived, talked[0]?.text],
      [note, note, 3n, `hi, ${note}`],
    );
    assert.deepEqual(seen.splice(0), [
      "outer GetUser unary",
      "inner GetUser unary",
      "outer StreamUsers stream",
      "inner StreamUsers stream",
      "outer UploadLogs stream",
      "inner UploadLogs stream",
      "outer Chat stream",
      "inner Chat stream",
    ]);
  });

  it("add headers and trailers to the response", async () => {
    const found: Record<string, string | null> = {};
    const keep = (headers: Headers) => {
      for (const [name, value] of headers) if (name.startsWith("x-")) found[name] = value;
    };
    const users = createClient(UserService, transport());
    await users.getUser({ id: userId }, { onHeader: keep, onTrailer: keep });
    const { "x-request-id": _, ...rest } = found;
    assert.deepEqual(rest, {
      "x-outer": "header",
      "x-inner": "header",
      "x-outer-trailer": "trailer",
      "x-inner-trailer": "trailer",
    });
  });

  it("may end a call", async () => {
    refuse = true;
    const users = createClient(UserService, transport());
    await assert.rejects(users.getUser({ id: userId }), { code: Code.Aborted, rawMessage: "not today" });
    refuse = false;
  });

  it("do not see a request that breaks the rules of its schema", async () => {
    seen.length = 0;
    const users = createClient(UserService, transport());
    await assert.rejects(users.getUser({ id: "x" }), { code: Code.InvalidArgument });
    assert.deepEqual(seen, []);
  });
});
