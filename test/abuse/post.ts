import { Agent, request as requestHttp1 } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import type { Code } from "@connectrpc/connect";
import { codeName } from "../../src/runrpc/server/errors.ts";

export type HttpVersion = "1.1" | "2";

/** A request as its bytes are. */
export interface Post {
  readonly path: string;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Undefined: it never ends. */
  readonly body: Buffer | undefined;
}

/** An answer of any of the protocols. */
export interface Answer {
  /** 0: there was none. */
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  /** `ok`, a code as Connect names it, `http 415`, or `none` when the connection or the stream was ended. */
  readonly code: string;
  readonly message: string;
}

/** A client of one connection, which it opens again when the server has closed it. */
export interface Client {
  post(post: Post): Promise<Answer>;
  close(): void;
}

export function createClient(port: number, version: HttpVersion): Client {
  return version === "2" ? http2Client(port) : http1Client(port);
}

function http1Client(port: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    post({ path, method = "POST", headers, body }) {
      const { promise, resolve } = Promise.withResolvers<Answer>();
      const none = (): void => resolve(answerFrom(0, {}, Buffer.alloc(0), {}));
      const outgoing: Record<string, string | string[]> = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, value as string[]]), // Node reads only
      );
      // Node counts no body of a GET, which would be read as the next request.
      if (body !== undefined) outgoing["content-length"] = `${body.length}`;
      const request = requestHttp1({ host: "127.0.0.1", port, agent, method, path, headers: outgoing });
      request.on("error", none);
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", none);
        response.on("end", () => {
          const { statusCode = 0, headers, trailers } = response;
          resolve(answerFrom(statusCode, headers, Buffer.concat(chunks), trailers));
        });
        response.on("close", none);
      });
      if (body === undefined) request.flushHeaders();
      else request.end(body);
      return promise;
    },
    close: () => agent.destroy(),
  };
}

function http2Client(port: number): Client {
  let session: ClientHttp2Session | undefined;
  const open = (): ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(`http://127.0.0.1:${port}`);
      session.on("error", () => {}); // its streams tell
    }
    return session;
  };
  return {
    post({ path, method = "POST", headers, body }) {
      const { promise, resolve } = Promise.withResolvers<Answer>();
      let status = 0;
      let head: Record<string, unknown> = {};
      let trailers: Record<string, unknown> = {};
      const chunks: Buffer[] = [];
      const outgoing = Object.entries(headers).map(([name, value]) => [name, value as string[]] as const); // Node reads only
      const stream = open().request(
        { ":method": method, ":path": path, ...Object.fromEntries(outgoing) },
        { endStream: false },
      );
      stream.on("error", () => {}); // "close" follows
      stream.on("response", (received) => {
        status = Number(received[":status"]);
        head = received;
      });
      stream.on("trailers", (received) => {
        trailers = received;
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("close", () => resolve(answerFrom(status, head, Buffer.concat(chunks), trailers)));
      if (body !== undefined) stream.end(body);
      return promise;
    },
    close: () => session?.destroy(),
  };
}

function answerFrom(
  status: number,
  headers: Record<string, unknown>,
  body: Buffer,
  trailers: Record<string, unknown>,
): Answer {
  const answer = { status, headers, body };
  const type = String(headers["content-type"] ?? "");
  if (status === 0) return { ...answer, code: "none", message: "" };
  const last = type.startsWith("application/grpc-web")
    ? webTrailers(type.includes("-text") ? unBase64(body) : body)
    : trailers;
  // In other protocols it is a name like any other.
  const grpcStatus = type.startsWith("application/grpc")
    ? (headers["grpc-status"] ?? last["grpc-status"])
    : undefined;
  if (grpcStatus !== undefined) {
    const message = decodeURIComponent(String(headers["grpc-message"] ?? last["grpc-message"] ?? ""));
    return {
      ...answer,
      code: Number(grpcStatus) === 0 ? "ok" : codeName(Number(grpcStatus) as Code),
      message,
    }; // as gRPC numbers them
  }
  if (type.startsWith("application/connect+")) {
    const end = lastEnvelope(body);
    if (end === undefined || (end.flags & 2) === 0)
      return { ...answer, code: "none", message: "no end of the stream" };
    return { ...answer, ...errorIn((JSON.parse(end.data.toString()) as { error?: unknown }).error) };
  }
  if (status === 200)
    return { ...answer, code: type.startsWith("application/grpc") ? "none" : "ok", message: "" };
  if (type.startsWith("application/json")) return { ...answer, ...errorIn(JSON.parse(body.toString())) };
  return { ...answer, code: `http ${status}`, message: body.toString() };
}

function errorIn(error: unknown): { code: string; message: string } {
  if (error === undefined) return { code: "ok", message: "" };
  const { code, message = "" } = error as { code: string; message?: string }; // as Connect writes an error
  return { code, message };
}

function webTrailers(body: Buffer): Record<string, unknown> {
  const end = lastEnvelope(body);
  if (end === undefined || (end.flags & 0x80) === 0) return {};
  const lines = end.data
    .toString()
    .split("\r\n")
    .filter((line) => line !== "");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
}

/** Pieces in base64, each with its own padding (PROTOCOL-WEB, grpc-web-text). */
function unBase64(body: Buffer): Buffer {
  const pieces = body.toString("latin1").match(/[^=]+=*/g) ?? [];
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")));
}

function lastEnvelope(body: Buffer): { readonly flags: number; readonly data: Buffer } | undefined {
  let last: { readonly flags: number; readonly data: Buffer } | undefined;
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    last = { flags: body.readUInt8(at), data: body.subarray(at + 5, end) };
    at = end;
  }
  return last;
}
