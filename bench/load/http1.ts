import { connect } from "node:net";

/** A kept-alive HTTP/1.1 connection with one request under way at a time. */
export interface Http1Connection {
  /** Sends a whole request. `done` gets the body of a 200 answer, or what went wrong. */
  request(bytes: Buffer, done: (failure: Error | undefined, body: string) => void): void;
  close(): void;
}

/** A POST of JSON as a Connect client sends it (Connect protocol, "Unary-Request"). */
export function jsonRequest(
  path: string,
  body: string,
  headers: readonly (readonly [string, string])[],
): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    "content-type: application/json",
    "connect-protocol-version: 1",
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

export function connectHttp1(port: number): Http1Connection {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let done: ((failure: Error | undefined, body: string) => void) | undefined;
  let text = "";
  const settle = (failure: Error | undefined, body: string): void => {
    const waiting = done;
    done = undefined;
    text = "";
    waiting?.(failure, body);
  };
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    text += chunk;
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = text.slice(0, end).toLowerCase();
    const body = bodyOf(head, text.slice(end + 4));
    if (body === undefined) return;
    settle(head.startsWith("http/1.1 200") ? undefined : new Error(`${head.slice(0, 40)} ${body}`), body);
  });
  socket.on("error", (error) => settle(error, ""));
  socket.on("close", () => settle(new Error("the server closed the connection"), ""));
  return {
    request(bytes, whenDone) {
      done = whenDone;
      socket.write(bytes);
    },
    close: () => socket.destroy(),
  };
}

/** The body, once all of it is there; counted or in chunks (RFC 9112, 6). */
function bodyOf(head: string, rest: string): string | undefined {
  const length = /\ncontent-length: *(\d+)/.exec(head)?.[1];
  if (length !== undefined) return rest.length < Number(length) ? undefined : rest.slice(0, Number(length));
  if (!rest.endsWith("0\r\n\r\n")) return undefined;
  let body = "";
  for (let offset = 0; ; ) {
    const lineEnd = rest.indexOf("\r\n", offset);
    const size = Number.parseInt(rest.slice(offset, lineEnd), 16);
    if (!(size > 0)) return body;
    body += rest.slice(lineEnd + 2, lineEnd + 2 + size);
    offset = lineEnd + 4 + size;
  }
}
