import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { create, type DescMethod, toBinary, toJsonString } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { createValidation } from "../../../../src/runrpc/server/routes/validation.ts";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { createClient } from "../../../abuse/post.ts";
import { canCarry, contentTypeOf, isEnveloped, type Wire, wires } from "../../../abuse/wires.ts";
import { SizesService } from "../../../gen/rig/sizes/v1/sizes_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { envelope } from "../../../wire/envelope.ts";

// A request with more elements than may be is refused with the error of protovalidate, whatever carries it, and one with as
// many as may be arrives whole: on each protocol, format, version of HTTP and lane, compressed and not.

const { take, takeAll } = SizesService.method;
const servers = new Map<string, Server>();
let taken = 0;

before(async () => {
  for (const lane of ["stock", "auto"] as const) {
    const server = await startServer({
      keys: "open",
      services: [
        partOfService(SizesService, {
          take({ parts }) {
            taken += parts.length;
            return {};
          },
          async takeAll(requests) {
            for await (const { parts } of requests) taken += parts.length;
            return {};
          },
        }),
      ],
      server: { host: "127.0.0.1", port: 0, lane },
    });
    servers.set(lane, server);
  }
});

after(async () => {
  for (const server of servers.values()) await server.drain();
});

for (const lane of ["stock", "auto"] as const)
  for (const wire of wires)
    for (const method of [take, takeAll].filter((each) => canCarry(wire, each)))
      for (const compressed of [false, true])
        test(`${method.name}, ${wire.title}, lane ${lane}${compressed ? ", compressed" : ""}`, async () => {
          taken = 0;
          assert.deepEqual(await told(lane, wire, method, 30, compressed), { code: "ok", message: "" });
          assert.equal(taken, 30);
          for (const elements of [31, 10_000])
            assert.deepEqual(await told(lane, wire, method, elements, compressed), {
              code: "invalid_argument",
              message: refusal(method, elements),
            });
          assert.equal(taken, 30);
          // Who decodes all of them meets one that is none.
          assert.deepEqual(await told(lane, wire, method, 10_000, compressed, true), {
            code: "invalid_argument",
            message: refusal(method, 10_001),
          });
        });

/** What protovalidate says of so many elements. */
function refusal(method: DescMethod, elements: number): string {
  const check = createValidation()(method);
  try {
    check?.(requestOf(method, elements));
  } catch (reason) {
    return ConnectError.from(reason).rawMessage;
  }
  throw new Error(`${elements} elements pass`);
}

function requestOf({ input }: DescMethod, elements: number) {
  return create(input, { parts: Array.from({ length: elements }, () => ({})) } as Record<string, unknown>);
}

/** The bytes of a request, where it is asked for with one more element, which cannot be decoded. */
function bytesOf({ format }: Wire, method: DescMethod, elements: number, endsInJunk: boolean): Buffer {
  const { input } = method;
  const request = requestOf(method, elements);
  if (format === "json")
    return Buffer.from(toJsonString(input, request).replace(/]}$/, endsInJunk ? ",7]}" : "$&"));
  const tag = ((input.field.parts?.number ?? 0) << 3) | 2;
  const junk = endsInJunk ? [tag, 0x01, 0x0f] : []; // a part, of a wire type that there is not
  return Buffer.concat([toBinary(input, request), Buffer.from(junk)]);
}

/** What a client is told that sends one message. */
async function told(
  lane: string,
  wire: Wire,
  method: DescMethod,
  elements: number,
  compressed: boolean,
  endsInJunk = false,
) {
  const client = createClient(servers.get(lane)?.port ?? 0, wire.version);
  const plain = bytesOf(wire, method, elements, endsInJunk);
  const bytes = compressed ? gzipSync(plain) : plain;
  const inEnvelope = isEnveloped(wire, method);
  const encodingHeader =
    wire.protocol !== "connect"
      ? "grpc-encoding"
      : inEnvelope
        ? "connect-content-encoding"
        : "content-encoding";
  const { code, message } = await client.post({
    path: `/${method.parent.typeName}/${method.name}`,
    headers: {
      "content-type": contentTypeOf(wire, method),
      ...(wire.protocol === "grpc" ? { te: "trailers" } : {}),
      ...(compressed ? { [encodingHeader]: "gzip" } : {}),
    },
    body: inEnvelope ? envelope(bytes, compressed ? 1 : 0) : bytes,
  });
  client.close();
  return { code, message };
}
