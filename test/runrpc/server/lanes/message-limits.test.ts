import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type DescMethod, fromJson, type JsonObject, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { createClient } from "../../../abuse/post.ts";
import { canCarry, contentTypeOf, isEnveloped, type Wire, wires } from "../../../abuse/wires.ts";
import { ChatService } from "../../../gen/rig/chat/v1/chat_pb.ts";
import { LogService } from "../../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { envelope } from "../../../wire/envelope.ts";

// A message of exactly the limit passes, and one byte more does not: both ways, on each protocol, format, version of HTTP,
// kind and lane, compressed and not.

const LIMIT = 600;
const methods = [
  UserService.method.listUsers,
  UserService.method.streamUsers,
  LogService.method.uploadLogs,
  ChatService.method.chat,
] as const;
const servers = new Map<string, Server>();

/** How long the text is that a handler answers with. */
const answerLength = ({ requestHeader }: { readonly requestHeader: Headers }): string =>
  "a".repeat(Number(requestHeader.get("x-answer") ?? "0"));

before(async () => {
  for (const lane of ["stock", "auto"] as const) {
    const server = await startServer({
      keys: "open",
      services: [
        partOfService(UserService, {
          listUsers: (_request, context) => ({ nextPageToken: answerLength(context) }),
          async *streamUsers(_request, context) {
            yield {}; // what follows is written behind it
            yield { user: { displayName: answerLength(context) } };
          },
        }),
        partOfService(LogService, {
          async uploadLogs(requests) {
            await Array.fromAsync(requests);
            return {}; // it has no text that could be made long
          },
        }),
        partOfService(ChatService, {
          async *chat(requests, context) {
            for await (const _ of requests) yield { text: answerLength(context) };
          },
        }),
      ],
      server: { host: "127.0.0.1", port: 0, lane },
      limits: { maxRequestBytes: LIMIT, maxResponseBytes: LIMIT },
    });
    servers.set(lane, server);
  }
});

after(async () => {
  for (const server of servers.values()) await server.drain();
});

for (const lane of ["stock", "auto"] as const) {
  for (const wire of wires) {
    for (const method of methods.filter((each) => canCarry(wire, each))) {
      const title = `${method.name}, ${wire.title}, lane ${lane}`;
      for (const compressed of [false, true]) {
        test(`${title}: a request of ${LIMIT} bytes${compressed ? ", compressed," : ""} passes, and one of ${LIMIT + 1} does not`, async () => {
          assert.equal(await told(lane, wire, method, requestOf(wire, method, LIMIT), compressed, 0), "ok");
          const above = requestOf(wire, method, LIMIT + 1);
          assert.equal(await told(lane, wire, method, above, compressed, 0), "resource_exhausted");
        });
      }
      if (method === LogService.method.uploadLogs) continue;
      test(`${title}: an answer of ${LIMIT} bytes passes, and one of ${LIMIT + 1} does not`, async () => {
        const request = requestOf(wire, method, undefined);
        const length = answerOverhead(wire, method);
        assert.equal(await told(lane, wire, method, request, false, LIMIT - length), "ok");
        assert.equal(
          await told(lane, wire, method, request, false, LIMIT - length + 1),
          "resource_exhausted",
        );
      });
    }
  }
}

/** What a client is told that sends one message, and asks for an answer with a text of so many letters. */
async function told(
  lane: string,
  wire: Wire,
  method: DescMethod,
  message: Buffer,
  compressed: boolean,
  answer: number,
): Promise<string> {
  const client = createClient(servers.get(lane)?.port ?? 0, wire.version);
  const bytes = compressed ? gzipSync(message) : message;
  const inEnvelope = isEnveloped(wire, method);
  const encodingHeader =
    wire.protocol !== "connect"
      ? "grpc-encoding"
      : inEnvelope
        ? "connect-content-encoding"
        : "content-encoding";
  const { code } = await client.post({
    path: `/${method.parent.typeName}/${method.name}`,
    headers: {
      "content-type": contentTypeOf(wire, method),
      ...(wire.protocol === "grpc" ? { te: "trailers" } : {}),
      ...(compressed ? { [encodingHeader]: "gzip" } : {}),
      "x-answer": `${answer}`,
    },
    body: inEnvelope ? envelope(bytes, compressed ? 1 : 0) : bytes,
  });
  client.close();
  return code;
}

/** A good request that is so many bytes long on its wire: as long as its text is, or as JSON may be made with spaces. */
function requestOf({ format }: Wire, method: DescMethod, bytes: number | undefined): Buffer {
  const json: JsonObject =
    method === LogService.method.uploadLogs
      ? { entries: [{ message: "a" }] }
      : method === ChatService.method.chat
        ? { room: "a" }
        : {};
  const message = fromJson(method.input, json);
  if (format === "json") return Buffer.from(toJsonString(method.input, message).padEnd(bytes ?? 0));
  const encoded = toBinary(method.input, message);
  if (bytes === undefined) return Buffer.from(encoded);
  // A field that nobody knows, with what is missing: its tag of two bytes, its length of two, and the rest.
  const rest = bytes - encoded.length - 4;
  const length = [(rest & 127) | 128, rest >> 7];
  return Buffer.concat([encoded, Buffer.from([0xfa, 0x7f, ...length]), Buffer.alloc(rest)]);
}

/** What an answer is longer than its text. */
function answerOverhead({ format }: Wire, method: DescMethod): number {
  const text = "a".repeat(500);
  const json: JsonObject =
    method === UserService.method.listUsers
      ? { nextPageToken: text }
      : method === UserService.method.streamUsers
        ? { user: { displayName: text } }
        : { text };
  const message = fromJson(method.output, json);
  const bytes =
    format === "json" ? Buffer.from(toJsonString(method.output, message)) : toBinary(method.output, message);
  return bytes.length - text.length;
}
