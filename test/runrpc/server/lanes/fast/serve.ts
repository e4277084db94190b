import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import type { TestContext } from "node:test";
import type { ServiceImpl } from "@connectrpc/connect";
import type { CallRecord } from "../../../../../src/runrpc/server/call/record.ts";
import { type Server, startServer } from "../../../../../src/runrpc/server/server.ts";
import type { ServerOptions } from "../../../../../src/runrpc/server/server-options.ts";
import { codecs } from "../../../../gen/codecs.ts";
import { ChatService } from "../../../../gen/rig/chat/v1/chat_pb.ts";
import { LogService } from "../../../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../../part-of-service.ts";

export interface Handlers {
  readonly users?: Partial<ServiceImpl<typeof UserService>>;
  readonly logs?: Partial<ServiceImpl<typeof LogService>>;
  readonly chat?: Partial<ServiceImpl<typeof ChatService>>;
}

export interface Running {
  readonly server: Server;
  readonly baseUrl: string;
  /** The next record of a call that has ended, in the order in which they ended. */
  nextRecord(): Promise<CallRecord>;
  /** An HTTP/2 connection, for requests made by hand. */
  readonly session: ClientHttp2Session;
}

/** A server on a free port that lets everybody in, with these handlers. Those that are left out are unimplemented. */
export async function serve(
  t: TestContext,
  { users = {}, logs = {}, chat = {} }: Handlers,
  options: Partial<ServerOptions> = {},
): Promise<Running> {
  const records: CallRecord[] = [];
  const waiters: ((record: CallRecord) => void)[] = [];
  const server = await startServer({
    services: [
      partOfService(UserService, users),
      partOfService(LogService, logs),
      partOfService(ChatService, chat),
    ],
    codecs,
    keys: "open",
    strictAnswers: true,
    onRecord(record) {
      const waiter = waiters.shift();
      if (waiter === undefined) records.push(record);
      else waiter(record);
    },
    ...options,
    server: { host: "127.0.0.1", port: 0, lane: "auto", ...options.server },
  });
  const baseUrl = `http://127.0.0.1:${server.port}`;
  const session = connect(baseUrl);
  t.after(async () => {
    session.destroy();
    await server.drain();
  });
  return {
    server,
    baseUrl,
    session,
    nextRecord() {
      const record = records.shift();
      return record === undefined ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve(record);
    },
  };
}

/** Opens a gRPC call by hand. */
export function open(
  session: ClientHttp2Session,
  path: string,
  headers: IncomingHttpHeaders = {},
): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => {}); // a reset by the server is looked at in rstCode
  return stream;
}

/** What a raw client saw of a call. */
export interface Seen {
  readonly headers: IncomingHttpHeaders;
  /** The headers, where they are all of the response ("Trailers-Only"). */
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The HTTP/2 error code of the stream. */
  readonly rstCode: number;
}

/** Waits for the end of a call. */
export function seen(stream: ClientHttp2Stream): Promise<Seen> {
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  stream.on("response", (got, flags) => {
    headers = got;
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) trailers = got;
  });
  stream.on("trailers", (got) => {
    trailers = got;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    stream.on("close", () =>
      resolve({ headers, trailers, body: Buffer.concat(chunks), rstCode: stream.rstCode ?? 0 }),
    );
  });
}

/** A message in its envelope. */
export function framed(message: Uint8Array, flags = 0, length = message.length): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(flags);
  header.writeUInt32BE(length, 1);
  return Buffer.concat([header, message]);
}
