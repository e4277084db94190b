import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { brotliCompressSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { createClient } from "../../../abuse/post.ts";
import { isEnveloped, wires } from "../../../abuse/wires.ts";
import { SizesService, TakeRequestSchema } from "../../../gen/rig/sizes/v1/sizes_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { envelope } from "../../../wire/envelope.ts";

// A handler reads the headers that its client has sent, whatever the lane makes of them.

const { take } = SizesService.method;
const LANES = ["stock", "auto"] as const;
const servers = new Map<string, Server>();
const seen: { headers?: Headers } = {};

before(async () => {
  for (const lane of LANES) {
    const server = await startServer({
      keys: "open",
      services: [
        partOfService(SizesService, {
          take(_request, { requestHeader }) {
            seen.headers = requestHeader;
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

for (const lane of LANES)
  for (const wire of [
    ...wires.filter(({ format }) => format === "proto"),
    { title: "grpc-web-text", protocol: "grpc-web", format: "proto", version: "2" } as const,
  ])
    test(`lane ${lane}, ${wire.title}`, async () => {
      const isText = wire.title === "grpc-web-text";
      const inEnvelope = isEnveloped(wire, take);
      const message = brotliCompressSync(
        toBinary(TakeRequestSchema, create(TakeRequestSchema, { name: "a" })),
      );
      const body = inEnvelope ? envelope(message, 1) : message;
      const sent = isText ? Buffer.from(body.toString("base64")) : body;
      const prefix = inEnvelope ? "grpc-" : "";
      const headers = {
        "content-type": inEnvelope
          ? `application/${isText ? "grpc-web-text" : wire.protocol}`
          : "application/proto",
        "content-length": String(sent.length),
        [inEnvelope ? "grpc-encoding" : "content-encoding"]: "br",
        [`${prefix}accept-encoding`]: "zstd, gzip;q=0.5",
        ...(wire.protocol === "grpc" ? { te: "trailers" } : {}),
      };
      const client = createClient(servers.get(lane)?.port ?? 0, wire.version);
      const { code, message: told } = await client.post({
        path: `/${SizesService.typeName}/${take.name}`,
        headers,
        body: sent,
      });
      client.close();
      assert.equal(code, "ok", told);
      for (const [name, value] of Object.entries(headers)) assert.equal(seen.headers?.get(name), value, name);
    });
