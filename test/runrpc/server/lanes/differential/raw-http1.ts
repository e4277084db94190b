import { connect } from "node:net";
import type { Scenario } from "./generate.ts";
import { headerLines, type Observation, PATIENCE_MS } from "./observation.ts";

/** Plays a scenario on an HTTP/1.1 connection of its own, byte for byte. */
export function playHttp1(port: number, scenario: Scenario): Promise<Observation> {
  const { promise, resolve } = Promise.withResolvers<Observation>();
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const silence = setTimeout(() => finish("silent"), PATIENCE_MS);
  let received = Buffer.alloc(0);
  const finish = (end: Observation["end"]): void => {
    clearTimeout(silence);
    socket.destroy();
    const { isComplete: _isComplete, ...seen } = parse(received, end);
    resolve(seen);
  };
  socket.on("error", () => {});
  socket.on("connect", () => send(socket, scenario, finish));
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const { body, isComplete } = parse(received, "ended");
    if (scenario.finish === "leave-in-response" && body.length > 0) finish("left");
    else if (isComplete) finish("ended");
  });
  socket.once("end", () => finish("cut"));
  socket.once("close", () => finish("cut"));
  return promise;
}

function send(
  socket: ReturnType<typeof connect>,
  { httpMethod, path, headers, body, framing, finish }: Scenario,
  leave: (end: "left") => void,
): void {
  const length = framing === "longer" ? body.length + 10 : body.length;
  const framed = framing === "chunked" ? "transfer-encoding: chunked" : `content-length: ${length}`;
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  socket.write(
    [`${httpMethod} ${path} HTTP/1.1`, "host: localhost", framed, ...lines, "", ""].join("\r\n"),
    "latin1",
  );
  const write = (bytes: Buffer): void => {
    if (bytes.length === 0) return;
    if (framing !== "chunked") socket.write(bytes);
    else
      socket.write(
        Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]),
      );
  };
  const half = body.subarray(0, body.length >> 1);
  switch (finish) {
    case "leave-after-headers":
      leave("left");
      return;
    case "leave-in-body":
      write(half);
      leave("left");
      return;
    case "cut":
      write(half);
      socket.end();
      return;
    case "leave-after-body":
    case "leave-in-response":
    case "whole":
      write(half);
      write(body.subarray(half.length));
      if (framing === "chunked") socket.write("0\r\n\r\n");
      if (framing === "longer") socket.end();
      if (finish === "leave-after-body") leave("left");
  }
}

function parse(bytes: Buffer, end: Observation["end"]): Observation & { readonly isComplete: boolean } {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1)
    return { status: 0, headers: [], body: Buffer.alloc(0), trailers: [], end, isComplete: false };
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const headers = headerLines(lines.map(pair));
  const rest = bytes.subarray(headEnd + 4);
  const status = Number(statusLine.split(" ")[1]);
  if (headers.includes("transfer-encoding: chunked")) return { status, headers, ...dechunk(rest), end };
  const length = headers.find((line) => line.startsWith("content-length: "));
  const isComplete = length !== undefined && rest.length >= Number(length.slice("content-length: ".length));
  return { status, headers, body: rest, trailers: [], end, isComplete };
}

/** Takes chunks apart as far as they have come (RFC 9112, 7.1). */
function dechunk(bytes: Buffer): { body: Buffer; trailers: string[]; isComplete: boolean } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = lineEnd === -1 ? Number.NaN : Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) return { body: Buffer.concat(chunks), trailers: [], isComplete: false };
    if (size === 0) {
      const [trailers] = bytes.toString("latin1", lineEnd).split("\r\n\r\n", 1);
      const lines = trailers?.split("\r\n").filter((line) => line !== "") ?? [];
      const isComplete = bytes.subarray(-4).equals(Buffer.from("\r\n\r\n"));
      return { body: Buffer.concat(chunks), trailers: headerLines(lines.map(pair)), isComplete };
    }
    at = lineEnd + 2;
    chunks.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}

function pair(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
