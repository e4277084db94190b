import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";

/** What a body holds, in whatever encoding it came. */
export interface ReadBody {
  /** Each with its flags, the end of a stream without the one that says that it is compressed. */
  readonly messages: readonly (readonly [flags: number, text: string])[];
  /** Whether a message is, or the only one. */
  readonly isCompressed: boolean;
}

const DECOMPRESS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/** The flag of a compressed message, and those of the ends of a stream in Connect and in gRPC-Web. */
const COMPRESSED = 0x01;
const ENDS = 0x82;

/** Takes a body apart by what the headers say of it. The first bytes that are no message are one of their own. */
export function readBody(seen: {
  readonly headers: readonly string[];
  readonly status: number;
  readonly body: string;
}): ReadBody {
  const header = (name: string): string =>
    seen.headers.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
  const type = header("content-type");
  const isText = type.startsWith("application/grpc-web-text");
  const bytes = isText ? fromBase64(seen.body) : Buffer.from(seen.body, "latin1");
  if (!/^application\/(grpc|connect)/.test(type)) {
    const decompress = DECOMPRESS[header("content-encoding")];
    const text = (decompress === undefined ? bytes : decompress(bytes)).toString("latin1");
    // An empty body is no message to compare.
    const isCompressed = decompress !== undefined && seen.status === 200;
    return { messages: text === "" ? [] : [[0, text]], isCompressed };
  }
  const decompress = DECOMPRESS[header("grpc-encoding") || header("connect-content-encoding")];
  const messages: [number, string][] = [];
  let isCompressed = false;
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + (at + 5 <= bytes.length ? bytes.readUInt32BE(at + 1) : 0);
    const flags = bytes[at] ?? 0;
    const isPacked = (flags & COMPRESSED) !== 0;
    const data = bytes.subarray(at + 5, end);
    const plain = isPacked && decompress !== undefined ? decompress(data) : data;
    const isEnd = (flags & ENDS) !== 0;
    isCompressed ||= isPacked && !isEnd;
    messages.push([isEnd ? flags & ~COMPRESSED : flags, plain.toString("latin1")]);
    at = end;
  }
  return { messages, isCompressed };
}

function fromBase64(text: string): Buffer {
  return Buffer.concat((text.match(/[^=]+={0,2}/g) ?? []).map((piece) => Buffer.from(piece, "base64")));
}
