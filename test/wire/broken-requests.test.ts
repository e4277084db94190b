import assert from "node:assert/strict";
import { type ClientHttp2Stream, connect as connectHttp2, type OutgoingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { envelope, envelopesIn } from "./envelope.ts";
import { forgetPeak, heldBytes, memoryOf, noMemory } from "./memory.ts";
import { makeFolder, type ServeProcess, serve } from "./process.ts";

const userId = "00000000-0000-4000-8000-000000000001";
const unary = "/rig.users.v1.UserService/GetUser";
const upload = "/rig.logs.v1.LogService/UploadLogs";
const bombBytes = 256 * 1024 * 1024;
/** What a bomb, given up when it has become larger than the greatest message, and all requests together may take. */
const maxTakenBytes = 30e6;
/** 256 MiB of zeros in some 260 KB. */
const bomb = gzipSync(Buffer.alloc(bombBytes));

/** Small bodies that are large when they are opened. */
const bombs = [
  [
    "a gzip bomb, Connect",
    unary,
    { "content-type": "application/proto", "content-encoding": "gzip" },
    bomb,
    { code: "resource_exhausted" },
  ],
  [
    "a brotli bomb, Connect",
    unary,
    { "content-type": "application/json", "content-encoding": "br" },
    brotliCompressSync(Buffer.alloc(64 << 20)),
    { code: "resource_exhausted" },
  ],
  [
    "a gzip bomb, gRPC",
    unary,
    { "content-type": "application/grpc", te: "trailers", "grpc-encoding": "gzip" },
    envelope(bomb, 1),
    { grpcStatus: "8" },
  ],
  [
    "a gzip bomb, Connect stream",
    upload,
    { "content-type": "application/connect+proto", "connect-content-encoding": "gzip" },
    envelope(bomb, 1),
    { code: "resource_exhausted" },
  ],
] as const;

interface Answer {
  readonly status: number;
  /** Of gRPC and gRPC-Web: the number of the status, from headers, trailers or the body's last envelope. */
  readonly grpcStatus: string | undefined;
  /** Of Connect: the name of the code, in the body or its last envelope. */
  readonly code: string | undefined;
}

for (const lane of ["stock", "auto"] as const) {
  describe(`a process of lane ${lane}`, () => {
    const ends: (() => unknown)[] = [];
    let server: ServeProcess;
    let heldAtStart = 0;
    before(async () => {
      server = await serve(
        await makeFolder({ after: (end) => void ends.push(end as () => unknown) }),
        "--lane",
        lane,
      );
    });
    before(async () => {
      // What code and heap take at the first calls is not the broken requests' doing.
      for (let n = 0; n < 200; n++) await lives();
      if (!noMemory) heldAtStart = await heldBytes(server.child);
    });
    after(async () => {
      await server.stop();
      for (const end of ends) await end();
    });

    /** Posts over HTTP/2; a body that is left out never ends. */
    async function post(
      path: string,
      headers: OutgoingHttpHeaders,
      body: Buffer | undefined,
    ): Promise<Answer> {
      const session = connectHttp2(server.url);
      try {
        const stream = session.request({
          ":method": "POST",
          ":path": path,
          "x-api-key": server.key,
          ...headers,
        });
        stream.on("error", () => {}); // the server may refuse the upload while it goes on
        if (body !== undefined) stream.end(body);
        return await answerOf(stream);
      } finally {
        session.destroy();
      }
    }

    async function lives(): Promise<void> {
      const body = Buffer.from(JSON.stringify({ id: userId }));
      const { status } = await post(unary, { "content-type": "application/json" }, body);
      assert.equal(status, 200, server.output());
    }

    for (const [title, request, answer] of [
      ["a host that is no host", "POST PATH HTTP/1.1\r\nHost: [\r\n", /^HTTP\/1.1 400 /],
      ["a host of two words", "POST PATH HTTP/1.1\r\nHost: a b\r\n", /^HTTP\/1.1 400 /],
      ["an empty host", "POST PATH HTTP/1.1\r\nHost:\r\n", /^HTTP\/1.1 400 /],
      ["a port above 65535", "POST PATH HTTP/1.1\r\nHost: x:99999\r\n", /^HTTP\/1.1 400 /],
      ["HTTP/1.0 without a host", "POST PATH HTTP/1.0\r\n", /^HTTP\/1.1 415 /],
      ["a line that is no request", "let me in\r\n", /^HTTP\/1.1 400 /],
      [
        "two lengths",
        "POST PATH HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        /^HTTP\/1.1 400 /,
      ],
      [
        "a length and chunks",
        "POST PATH HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        /^HTTP\/1.1 400 /,
      ],
      ["a target that is no path", "POST http://[ HTTP/1.1\r\nHost: a\r\n", /^HTTP\/1.1 4\d\d /],
    ] as const) {
      it(`answers ${title} over HTTP/1.1, and lives`, async () => {
        assert.match(await say(server, `${request.replace("PATH", unary)}\r\n`), answer);
        await lives();
      });
    }

    for (const authority of ["[", "a b", "x:99999", "@"]) {
      it(`answers :authority ${JSON.stringify(authority)}, and lives`, async () => {
        const { status } = await post(
          unary,
          { ":authority": authority, "content-type": "application/json" },
          Buffer.from("{}"),
        );
        // 0: nghttp2 has ended the stream itself.
        assert.ok(status === 400 || status === 0, `${status}`);
        await lives();
      });
    }

    const garbage = Buffer.from([0x0a, 0xff, 0xff]);
    const unreadable = { code: "invalid_argument" };
    const unreadableGrpc = { grpcStatus: "3" };
    for (const [title, path, headers, body, expected] of [
      [
        "JSON that is none",
        unary,
        { "content-type": "application/json" },
        Buffer.from("{"),
        { code: "invalid_argument" },
      ],
      [
        "JSON of another shape",
        unary,
        { "content-type": "application/json" },
        Buffer.from('{"id":7}'),
        { code: "invalid_argument" },
      ],
      [
        "JSON that is not UTF-8",
        unary,
        { "content-type": "application/json" },
        Buffer.from([0x22, 0xc0, 0x22]),
        { code: "invalid_argument" },
      ],
      ["protobuf that is none, Connect", unary, { "content-type": "application/proto" }, garbage, unreadable],
      [
        "protobuf that is none, gRPC",
        unary,
        { "content-type": "application/grpc", te: "trailers" },
        envelope(garbage),
        unreadableGrpc,
      ],
      [
        "protobuf that is none, gRPC-Web",
        unary,
        { "content-type": "application/grpc-web+proto" },
        envelope(garbage),
        unreadableGrpc,
      ],
      [
        "protobuf that is none, Connect stream",
        upload,
        { "content-type": "application/connect+proto" },
        envelope(garbage),
        unreadable,
      ],
      [
        "an envelope cut short, gRPC",
        unary,
        { "content-type": "application/grpc", te: "trailers" },
        envelope(Buffer.alloc(9)).subarray(0, 7),
        { grpcStatus: "3" },
      ],
      [
        "an envelope cut short, Connect stream",
        upload,
        { "content-type": "application/connect+proto" },
        envelope(Buffer.alloc(9)).subarray(0, 7),
        { code: "invalid_argument" },
      ],
      [
        "an envelope of 4 GiB, gRPC",
        unary,
        { "content-type": "application/grpc", te: "trailers" },
        Buffer.from([0, 255, 255, 255, 255]),
        { grpcStatus: "8" },
      ],
      [
        "an envelope of 4 GiB, Connect stream",
        upload,
        { "content-type": "application/connect+proto" },
        Buffer.from([0, 255, 255, 255, 255]),
        { code: "resource_exhausted" },
      ],
      [
        "a message of 5 MiB, Connect",
        unary,
        { "content-type": "application/proto" },
        Buffer.alloc(5 << 20),
        { code: "resource_exhausted" },
      ],
      [
        "a message of 5 MiB, gRPC",
        unary,
        { "content-type": "application/grpc", te: "trailers" },
        envelope(Buffer.alloc(5 << 20)),
        { grpcStatus: "8" },
      ],
      [
        "gzip that is none, Connect",
        unary,
        { "content-type": "application/proto", "content-encoding": "gzip" },
        garbage,
        { code: "invalid_argument" },
      ],
      [
        "gzip that is none, gRPC",
        unary,
        { "content-type": "application/grpc", te: "trailers", "grpc-encoding": "gzip" },
        envelope(garbage, 1),
        { grpcStatus: "3" },
      ],
      [
        "a compression that nobody knows, gRPC",
        unary,
        { "content-type": "application/grpc", te: "trailers", "grpc-encoding": "zip" },
        envelope(garbage, 1),
        { grpcStatus: "12" },
      ],
      [
        "a compression that nobody knows, Connect",
        unary,
        { "content-type": "application/proto", "content-encoding": "zip" },
        garbage,
        { code: "unimplemented" },
      ],
      [
        "compressed bytes without a compression, gRPC",
        unary,
        { "content-type": "application/grpc", te: "trailers" },
        envelope(garbage, 1),
        { grpcStatus: "13" },
      ],
      [
        "a second message where one is due, gRPC",
        unary,
        { "content-type": "application/grpc", te: "trailers" },
        Buffer.concat([envelope(Buffer.alloc(0)), envelope(Buffer.alloc(0))]),
        { grpcStatus: "12" },
      ],
      [
        "no message where one is due, gRPC",
        unary,
        { "content-type": "application/grpc", te: "trailers" },
        Buffer.alloc(0),
        { grpcStatus: "12" },
      ],
      [
        "a timeout that is none, gRPC",
        unary,
        { "content-type": "application/grpc", te: "trailers", "grpc-timeout": "soon" },
        envelope(Buffer.alloc(0)),
        { grpcStatus: "3" },
      ],
      [
        "a timeout that is none, Connect",
        unary,
        { "content-type": "application/json", "connect-timeout-ms": "-1" },
        Buffer.from("{}"),
        { code: "invalid_argument" },
      ],
      [
        "a content type that nobody knows",
        unary,
        { "content-type": "text/html" },
        Buffer.from("hello"),
        { status: 415 },
      ],
    ] as const) {
      it(`answers ${title}, and lives`, async () => {
        const { status, grpcStatus, code } = await post(path, headers, body);
        const found = { status, grpcStatus, code };
        assert.deepEqual({ ...found, ...expected }, found);
        await lives();
      });
    }

    for (const [title, path, headers, body, expected] of bombs) {
      it(`gives ${title} up, and takes little memory for it`, { skip: noMemory }, async () => {
        const held = await heldBytes(server.child);
        await forgetPeak(server.child);
        const { grpcStatus, code } = await post(path, headers, body);
        const takenBytes = (await memoryOf(server.child)).peakBytes - held;
        const found = { grpcStatus, code };
        assert.deepEqual({ ...found, ...expected }, found);
        assert.ok(takenBytes < maxTakenBytes, `${takenBytes} bytes more than before it`);
        await lives();
      });
    }

    it("has taken little more memory than at its start", { skip: noMemory }, async () => {
      const takenBytes = (await heldBytes(server.child)) - heldAtStart;
      assert.ok(takenBytes < maxTakenBytes, `${takenBytes} bytes more than at the start`);
    });

    it("is the same process, and ends in order", async () => {
      assert.equal(await server.stop(), 0);
    });
  });
}

/** Sends a text on a connection of its own and gives what was said until the server closed. */
async function say({ port }: ServeProcess, text: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {}); // the server may reset it; what it said before is what counts
  socket.end(text);
  let said = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    said += chunk;
  });
  await new Promise((resolve) => socket.once("close", resolve));
  return said;
}

/** What an HTTP/2 stream answers, when it has closed. */
async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  const chunks: Buffer[] = [];
  let status = 0;
  let isJson = false;
  let grpcStatus: string | undefined;
  stream.on("response", (headers) => {
    status = Number(headers[":status"]);
    isJson = headers["content-type"] === "application/json";
    grpcStatus = headers["grpc-status"] as string | undefined; // no list of them
  });
  stream.on("trailers", (trailers) => {
    grpcStatus = trailers["grpc-status"] as string | undefined; // no list of them
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => stream.once("close", resolve));
  const body = Buffer.concat(chunks);
  const type = String(stream.sentHeaders["content-type"]);
  if (type.startsWith("application/grpc-web") && grpcStatus === undefined) {
    grpcStatus = /grpc-status: ?(\d+)/i.exec(envelopesIn(body).at(-1)?.data.toString() ?? "")?.[1];
  }
  return { status, grpcStatus, code: codeIn(type, isJson, body) };
}

/** The code of Connect: in the body of an answer that failed, or in the last envelope of a stream. */
function codeIn(type: string, isJson: boolean, body: Buffer): string | undefined {
  const end = type.startsWith("application/connect+")
    ? envelopesIn(body).at(-1)?.data
    : isJson
      ? body
      : undefined;
  if (end === undefined) return undefined;
  const { code, error } = JSON.parse(end.toString()) as { code?: string; error?: { code?: string } };
  return code ?? error?.code;
}
