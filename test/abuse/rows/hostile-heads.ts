import assert from "node:assert/strict";
import { frame, request } from "../../runrpc/server/listener/frames.ts";
import { openRaw, openRawHttp2, type RawConnection, statusLineOf, untilFrame } from "../raw.ts";
import type { Row } from "../row.ts";

const PATH = "/rig.users.v1.UserService/ListUsers";
const POST = `POST ${PATH} HTTP/1.1\r\n`;

/** Heads of HTTP/1.1 with the status that each must get. */
const HEADS: readonly (readonly [title: string, head: string, status: RegExp])[] = [
  ["a host that is no host", `${POST}Host: [\r\n`, /^400$/],
  ["a host of two words", `${POST}Host: a b\r\n`, /^400$/],
  ["an empty host", `${POST}Host:\r\n`, /^400$/],
  ["no host", POST, /^400$/],
  ["a port above 65535", `${POST}Host: x:99999\r\n`, /^400$/],
  ["a user in the host", `${POST}Host: a@b\r\n`, /^400$/],
  // Balancers check health so, and may (RFC 9112, 3.2): it is refused for its missing content type alone.
  ["HTTP/1.0 without a host", `POST ${PATH} HTTP/1.0\r\n`, /^415$/],
  ["HTTP/0.9", `GET ${PATH}\r\n`, /^400$/],
  ["HTTP/3.0", `GET ${PATH} HTTP/3.0\r\nHost: a\r\n`, /^(400|505)$/],
  ["a line that is no request", "let me in\r\n", /^400$/],
  ["a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", /^400$/],
  ["two lengths", `${POST}Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n`, /^400$/],
  ["a length and chunks", `${POST}Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n`, /^400$/],
  ["chunks twice", `${POST}Host: a\r\nTransfer-Encoding: chunked, chunked\r\n`, /^4\d\d$/],
  ["a coding before the chunks", `${POST}Host: a\r\nTransfer-Encoding: xchunked\r\n`, /^4\d\d$/],
  ["a negative length", `${POST}Host: a\r\nContent-Length: -1\r\n`, /^400$/],
  ["a length in hexadecimal", `${POST}Host: a\r\nContent-Length: 0x10\r\n`, /^400$/],
  ["a length above 2^64", `${POST}Host: a\r\nContent-Length: 99999999999999999999\r\n`, /^4\d\d$/],
  ["a folded header", `${POST}Host: a\r\nX-A: b\r\n c\r\n`, /^400$/],
  ["a space before the colon", `${POST}Host: a\r\nX-A : b\r\n`, /^400$/],
  ["a header without a name", `${POST}Host: a\r\n: b\r\n`, /^400$/],
  ["a bare CR in a value", `${POST}Host: a\r\nX-A: b\rc\r\n`, /^400$/],
  ["a target that is no path", "POST * HTTP/1.1\r\nHost: a\r\n", /^4\d\d$/],
  ["a target of two slashes", "POST //evil/ HTTP/1.1\r\nHost: a\r\n", /^4\d\d$/],
  ["CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n", /^(4\d\d|501)$/],
  [
    "an upgrade to nowhere",
    `GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n`,
    /^200$/,
  ],
  ["a method that nobody knows", `PROPFIND ${PATH} HTTP/1.1\r\nHost: a\r\n`, /^4\d\d$/],
  ["headers of 20 KB", `${POST}Host: a\r\nX-A: ${"a".repeat(20_000)}\r\n`, /^431$/],
  ["headers of 1 MB", `${POST}Host: a\r\nX-A: ${"a".repeat(1 << 20)}\r\n`, /^431$/],
  ["a hundred headers", `${POST}Host: a\r\n${"X-A: b\r\n".repeat(100)}`, /^431$/],
  ["a target of 100 KB", `POST /${"a".repeat(100_000)} HTTP/1.1\r\nHost: a\r\n`, /^(414|431)$/],
];

type Field = readonly [string, string];
const FIELDS: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", PATH],
  [":authority", "a"],
  ["content-type", "application/json"],
];

/** Heads of HTTP/2: each is refused, by a status or with its stream or its connection, and no handler sees it. */
const FIELD_LISTS: readonly (readonly [title: string, fields: readonly Field[]])[] = [
  ["no method", FIELDS.slice(1)],
  ["two methods", [[":method", "GET"], ...FIELDS]],
  ["a pseudo-header that nobody knows", [[":extra", "1"], ...FIELDS]],
  ["a pseudo-header after a header", [...FIELDS, [":authority", "b"]]],
  ["a name in capitals", [...FIELDS, ["X-A", "b"]]],
  ["a connection header", [...FIELDS, ["connection", "close"]]],
  ["a coding of the transfer", [...FIELDS, ["transfer-encoding", "chunked"]]],
  ["te that is not trailers", [...FIELDS, ["te", "gzip"]]],
  ["two lengths", [...FIELDS, ["content-length", "1"], ["content-length", "2"]]],
  ["a length that is none", [...FIELDS, ["content-length", "x"]]],
  ["an empty path", FIELDS.map((field) => (field[0] === ":path" ? [":path", ""] : field))],
  ["a path that is none", FIELDS.map((field) => (field[0] === ":path" ? [":path", "x"] : field))],
  [
    "an authority that is none",
    FIELDS.map((field) => (field[0] === ":authority" ? [":authority", "["] : field)),
  ],
  ["a hundred fields", [...FIELDS, ...Array.from({ length: 100 }, () => ["x-a", "b"] as const)]],
  [
    "CONNECT",
    [
      [":method", "CONNECT"],
      [":authority", "a:1"],
    ],
  ],
];

/** Fields that nghttp2 leaves out: it answers as if they were not there. Our own engine resets the stream (RFC 9113, 8.2.1). */
const LEFT_OUT: readonly (readonly [title: string, field: Field])[] = [
  ["an empty name", ["", "b"]],
  ["a line break in a value", ["x-a", "b\r\nx-b: c"]],
  ["a NUL in a value", ["x-a", "b\0"]],
];

/** Requests that are no HTTP, or no good HTTP, or too large: each gets its status, and nothing else happens. */
export const hostileHeads: Row = {
  name: "hostile heads",
  async attack(arena) {
    const { http2 } = arena;
    const { port, key } = await arena.serve();
    for (const [title, head, status] of HEADS) {
      await arena.attempt(`${title}, HTTP/1.1`, async () => {
        const connection = await openRaw(port);
        await connection.send(`${head}\r\n`);
        const line = await statusLineOf(connection);
        assert.match(line.split(" ")[1] ?? "", status, line);
        connection.socket.destroy();
      });
    }
    for (const [title, fields] of FIELD_LISTS) {
      await arena.attempt(`${title}, HTTP/2`, async () => {
        const connection = await openRawHttp2(port);
        await connection.send(call(fields, key));
        const first = await answerOf(connection);
        // RST_STREAM, GOAWAY, the end of the connection, or headers that are refused.
        assert.notEqual(first, "200");
        connection.socket.destroy();
      });
    }
    for (const [title, field] of LEFT_OUT) {
      await arena.attempt(`${title}, HTTP/2`, async () => {
        const connection = await openRawHttp2(port);
        await connection.send(call([...FIELDS, field], key));
        assert.equal(await answerOf(connection), http2 === "own" ? "reset" : "200");
        connection.socket.destroy();
      });
    }
    await arena.attempt("a host beside the authority, HTTP/2", async () => {
      const connection = await openRawHttp2(port);
      await connection.send(call([...FIELDS, ["host", "b"]], key));
      assert.equal(await answerOf(connection), "200");
      connection.socket.destroy();
    });
    await arena.attempt("a header block that HPACK does not know", async () => {
      const connection = await openRawHttp2(port);
      await connection.send(frame(1, 5, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])));
      await connection.closed;
    });
  },
};

/** A good call, but for its fields. */
function call(fields: readonly Field[], key: string): Buffer {
  return Buffer.concat([
    request(1, [...fields, ["x-api-key", key]], true),
    frame(0, 1, 1, Buffer.from("{}")),
  ]);
}

/** `reset`, `goaway`, `closed`, or what comes as headers: the byte of HPACK that says 200, or something else. */
async function answerOf(connection: RawConnection): Promise<string> {
  const first = await untilFrame(
    connection,
    ({ type, streamId }) => type === 7 || (streamId === 1 && type !== 8),
  );
  if (first === undefined) return "closed";
  if (first.type === 7) return "goaway";
  if (first.type === 3) return "reset";
  return first.payload[0] === 0x88 ? "200" : "refused";
}
