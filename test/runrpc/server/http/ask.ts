// Raw HTTP clients that send what no library sends, and read what was answered in any protocol.
import { connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { envelopesIn } from "../../../wire/envelope.ts";

export interface Request {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request over HTTP/2, on a connection of its own. */
export async function askHttp2(port: number, request: Request): Promise<Answer> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({
      ":method": request.method ?? "POST",
      ":path": request.path,
      ...request.headers,
    });
    stream.on("error", () => {});
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (got) => {
      headers = got;
    });
    stream.on("trailers", (got) => {
      trailers = got;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.end(request.body);
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.once("close", resolve);
    await promise;
    return { status: Number(headers[":status"] ?? 0), headers, trailers, body: Buffer.concat(chunks) };
  } finally {
    session.destroy();
  }
}

/** One request over HTTP/1.1, on a connection of its own that the server is asked to close. */
export function askHttp1(port: number, request: Request): Promise<Answer> {
  const { method = "POST", path, headers = {}, body = "" } = request;
  const lines = Object.entries({ host: "localhost", connection: "close", ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const length =
    method === "GET" || method === "HEAD" ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`;
  return say(port, `${method} ${path} HTTP/1.1\r\n${lines.join("")}${length}\r\n`, body);
}

/** Writes `texts`, null for the end, and parses what comes until the other side has ended. */
export async function say(port: number, ...texts: (string | Uint8Array | null)[]): Promise<Answer> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  for (const text of texts) {
    if (text === null) socket.end();
    else socket.write(text);
  }
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("end", resolve).once("close", resolve);
  await promise;
  socket.destroy();
  return parse(Buffer.concat(chunks));
}

function parse(bytes: Buffer): Answer {
  const end = bytes.indexOf("\r\n\r\n");
  const [first = "", ...lines] = bytes.toString("latin1", 0, Math.max(0, end)).split("\r\n");
  const headers = headersFrom(lines);
  const rest = bytes.subarray(end + 4);
  const [body, trailers] = headers["transfer-encoding"] === "chunked" ? dechunked(rest) : [rest, {}];
  return { status: Number(first.split(" ")[1] ?? 0), headers, trailers, body };
}

function headersFrom(lines: readonly string[]): IncomingHttpHeaders {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const at = line.indexOf(":");
      return at === -1 ? [] : [[line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()]];
    }),
  );
}

function dechunked(bytes: Buffer): [Buffer, IncomingHttpHeaders] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (!(size > 0))
      return [Buffer.concat(chunks), headersFrom(bytes.toString("latin1", lineEnd + 2).split("\r\n"))];
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 4 + size;
  }
  return [Buffer.concat(chunks), {}];
}

/** The code that a client of the protocol reads: a number of gRPC, a name of Connect; else the HTTP status. */
export function codeOf({ status, headers, trailers, body }: Answer): string {
  const type = String(headers["content-type"] ?? "");
  if (status !== 200 && type === "application/json")
    return (JSON.parse(body.toString()) as { code: string }).code;
  if (status !== 200) return `HTTP ${status}`;
  const grpc = headers["grpc-status"] ?? trailers["grpc-status"];
  if (grpc !== undefined) return String(grpc);
  if (type.startsWith("application/grpc-web")) {
    const bytes = type.includes("-text") ? fromBase64(body.toString("latin1")) : body;
    return /grpc-status: ?(\d+)/.exec(String(envelopesIn(bytes).at(-1)?.data))?.[1] ?? "none";
  }
  if (!type.startsWith("application/connect+")) return "ok";
  const end = JSON.parse(String(envelopesIn(body).at(-1)?.data)) as { error?: { code: string } };
  return end.error?.code ?? "ok";
}

/** What base64 in padded pieces holds. */
export function fromBase64(text: string): Buffer {
  return Buffer.concat((text.match(/[^=]+={0,2}/g) ?? []).map((piece) => Buffer.from(piece, "base64")));
}
