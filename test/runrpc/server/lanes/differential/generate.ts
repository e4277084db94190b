import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { ACCEPTED, asText, BREAKAGES, envelope, ODD_HEADERS, TIMEOUTS, timeoutHeader } from "./breakages.ts";
import { getQuery } from "./get-queries.ts";
import { requestMessage } from "./messages.ts";
import { createRandom, type Random } from "./random.ts";

/** What a raw client sends, and when it leaves. */
export interface Scenario {
  readonly id: string;
  /** How it came about, for the message of a failure. */
  readonly about: string;
  readonly httpMethod: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** What was done to a good body. */
  readonly breakage: string | undefined;
  /** How HTTP/1.1 is told of the body's end. `longer`: a content-length that the body does not reach. */
  readonly framing: "length" | "chunked" | "longer";
  /**
   * `whole`: everything is sent and ended. `cut`: half of the body, then the end of the sending side. The others send
   * that much and break off: on HTTP/2 with RST_STREAM(CANCEL), on HTTP/1.1 by closing the connection.
   */
  readonly finish:
    | "whole"
    | "cut"
    | "leave-after-headers"
    | "leave-in-body"
    | "leave-after-body"
    | "leave-in-response";
}

/** `count` scenarios, the same for the same seed. */
export function generate(seed: number, count: number): Scenario[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, index) => scenario(random, `${seed}-${index}`));
}

const SERVICE = "/connectrpc.conformance.v1.ConformanceService";
const UNARY = ["Unary", "IdempotentUnary", "Unimplemented"];
const STREAMS = ["ServerStream", "ClientStream", "BidiStream"];

const CONTENT_TYPES = {
  unary: ["application/proto", "application/json"],
  stream: ["application/connect+proto", "application/connect+json"],
  grpc: ["application/grpc", "application/grpc+proto", "application/grpc+json"],
  "grpc-web": ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web+json"],
  "grpc-web-text": [
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
    "application/grpc-web-text+json",
  ],
} as const;

type Wire = keyof typeof CONTENT_TYPES;

const ENCODING_HEADERS = {
  unary: "content-encoding",
  stream: "connect-content-encoding",
  grpc: "grpc-encoding",
  "grpc-web": "grpc-encoding",
  "grpc-web-text": "grpc-encoding",
} as const;

const ACCEPT_HEADERS = {
  unary: "accept-encoding",
  stream: "connect-accept-encoding",
  grpc: "grpc-accept-encoding",
  "grpc-web": "grpc-accept-encoding",
  "grpc-web-text": "grpc-accept-encoding",
} as const;

const WIRES = ["unary", "stream", "grpc", "grpc-web", "grpc-web-text"] as const;

const COMPRESS = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync } as const;

function scenario(random: Random, id: string): Scenario {
  if (random.chance(0.12)) return got(random, id);
  return random.chance(0.2) ? leaving(random, id) : answered(random, id);
}

/** A request that may be odd or broken, whose client stays for the answer. */
function answered(random: Random, id: string): Scenario {
  const wire = random.pick(WIRES);
  const method = random.chance(0.07) ? random.pick([...UNARY, ...STREAMS, "Missing"]) : fitting(random, wire);
  const timeout = random.chance(0.25) ? random.pick(TIMEOUTS) : undefined;
  const breakage = random.chance(0.3) ? random.pick(BREAKAGES) : undefined;
  const odd = random.chance(0.3) ? random.pick(ODD_HEADERS) : undefined;
  const encoding =
    breakage === undefined && random.chance(0.2) ? random.pick(["gzip", "br", "zstd"] as const) : undefined;
  const request = valid(random, id, wire, method, timeout === "short", encoding);
  // Not with a broken body: whether its refusal or the early end comes first is a race.
  const isCut = breakage === undefined && random.chance(0.1);
  const framing = isCut && random.chance(0.5) ? "longer" : request.framing;
  const finish = isCut ? "cut" : "whole";
  return {
    ...request,
    about: [request.about, framing, finish, timeout, breakage?.name, odd?.join(": ")]
      .filter(Boolean)
      .join(", "),
    httpMethod: random.chance(0.03) ? random.pick(["PUT", "DELETE"]) : "POST",
    headers: [
      ...accepting(random, ACCEPT_HEADERS[wire]),
      ...request.headers.filter(([name]) => name !== "content-type" || !random.chance(0.02)),
      ...(timeout === undefined ? [] : [timeoutHeader(random, timeout, wire)]),
      ...(odd === undefined ? [] : [odd]),
    ],
    body: encoded(random, wire, breakage === undefined ? request.body : breakage(request.body, random)),
    breakage: breakage?.name,
    framing,
    finish,
  };
}

/** A good request for a handler that takes long, whose client leaves before it has all of the answer. */
function leaving(random: Random, id: string): Scenario {
  const wire = random.pick(WIRES);
  const method = wire === "unary" ? "Unary" : random.pick(["ServerStream", "ClientStream"]);
  const finish =
    method === "ServerStream" && random.chance(0.5)
      ? "leave-in-response"
      : random.pick(["leave-after-headers", "leave-in-body", "leave-after-body"] as const);
  const request = valid(random, id, wire, method, true);
  const body = encoded(random, wire, request.body);
  return { ...request, body, about: `${request.about}, ${finish}`, finish };
}

/** A Connect GET, which may be broken. */
function got(random: Random, id: string): Scenario {
  const method = random.chance(0.1) ? random.pick(["Unary", "ServerStream", "Missing"]) : "IdempotentUnary";
  const query = getQuery(random);
  return {
    id,
    about: `GET ${method}, ${query}`,
    httpMethod: "GET",
    path: `${SERVICE}/${method}?${query}`,
    headers: [
      ["x-request-id", id],
      ...accepting(random, "accept-encoding"),
      ...(random.chance(0.1) ? [["content-type", "application/json"] as const] : []),
    ],
    body: Buffer.alloc(0),
    breakage: undefined,
    framing: "length",
    finish: "whole",
  };
}

function accepting(random: Random, name: string): readonly (readonly [string, string])[] {
  return random.chance(0.4) ? [[name, random.pick(ACCEPTED)]] : [];
}

function encoded(random: Random, wire: Wire, body: Buffer): Buffer {
  return wire === "grpc-web-text" ? asText(random, body) : body;
}

/** In an encoding, where one is given: of the messages of a stream some are compressed, and some are not. */
function bodyOf(
  random: Random,
  wire: Wire,
  messages: readonly Uint8Array[],
  encoding: keyof typeof COMPRESS | undefined,
): Buffer {
  const compress = encoding === undefined ? undefined : COMPRESS[encoding];
  if (wire === "unary")
    return Buffer.concat(compress === undefined ? messages : messages.map((one) => compress(one)));
  return Buffer.concat(
    messages.map((one) => {
      if (compress === undefined || random.chance(0.3)) return envelope(one);
      const enveloped = envelope(compress(one));
      enveloped.writeUInt8(1);
      return enveloped;
    }),
  );
}

function fitting(random: Random, wire: Wire): string {
  if (wire === "unary") return random.pick(UNARY);
  return random.pick(wire === "stream" ? STREAMS : [...UNARY, ...STREAMS]);
}

function valid(
  random: Random,
  id: string,
  wire: Wire,
  method: string,
  waits: boolean,
  encoding?: keyof typeof COMPRESS,
): Scenario {
  const contentType: string = random.pick(CONTENT_TYPES[wire]);
  const takesStream = method === "ClientStream" || method === "BidiStream";
  const count = takesStream ? random.pick(waits ? [1, 2] : [0, 1, 1, 2, 3]) : 1;
  const messages = Array.from({ length: count }, () => requestMessage(random, method, contentType, waits));
  return {
    id,
    about: `${method}, ${contentType}, ${count} messages, ${encoding ?? "plain"}`,
    httpMethod: "POST",
    path: `${SERVICE}/${method}`,
    headers: [
      ["x-request-id", id],
      ["content-type", contentType],
      ...(wire === "grpc" ? ([["te", "trailers"]] as const) : []),
      ...(encoding === undefined ? [] : [[ENCODING_HEADERS[wire], encoding] as const]),
    ],
    body: bodyOf(random, wire, messages, encoding),
    breakage: undefined,
    framing: random.pick(["length", "chunked"]),
    finish: "whole",
  };
}
