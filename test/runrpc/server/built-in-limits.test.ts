import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { HealthCheckRequestSchema } from "../../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflectionRequestSchema } from "../../../gen/grpc/reflection/v1/reflection_pb.ts";
import { serve } from "./lanes/fast/serve.ts";
import { protocols, tell } from "./lanes/told.ts";

const MAX_BYTES = 65_536;

/** A request of exactly so many bytes, most of them a name. */
const named = {
  "grpc.health.v1.Health/Check": (length: number) =>
    nameIn(length, (service) =>
      toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })),
    ),
  "grpc.health.v1.Health/Watch": (length: number) =>
    nameIn(length, (service) =>
      toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })),
    ),
  "grpc.health.v1.Health/List": (length: number) => unknownFields(length),
  "grpc.reflection.v1.ServerReflection/ServerReflectionInfo": reflecting,
  "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": reflecting,
};

function reflecting(length: number): Uint8Array {
  return nameIn(length, (value) =>
    toBinary(
      ServerReflectionRequestSchema,
      create(ServerReflectionRequestSchema, { messageRequest: { case: "fileContainingSymbol", value } }),
    ),
  );
}

function nameIn(length: number, write: (name: string) => Uint8Array): Uint8Array {
  const overhead = write("n".repeat(length)).length - length;
  return write("n".repeat(length - overhead));
}

/** Fields that no message has: two bytes of tag and one of value each, the last one longer. */
function unknownFields(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const rest = length % 3;
  for (let at = 0; at < length - rest; at += 3) bytes.set([0xf8, 0x3f, 0x01], at);
  // What is left is filled by a varint that goes on.
  if (rest > 0) bytes.set([0xf8, 0x3f, ...Array(rest).fill(0x80), 0x01], length - rest - 3);
  return bytes;
}

for (const lane of ["auto", "stock"] as const) {
  describe(`the built-in methods on the lane ${lane}`, () => {
    for (const [method, requestOf] of Object.entries(named)) {
      it(`${method} takes a message of 64 KiB and not one byte more`, async (t) => {
        const { session, nextRecord } = await serve(t, {}, { server: { lane } });
        const isUnary = !/Watch|Reflection/.test(method);
        for (const protocol of protocols) {
          const deadline =
            protocol === "connect" ? { "connect-timeout-ms": "200" } : { "grpc-timeout": "200m" };
          const taken = await tell(
            session,
            protocol,
            `/${method}`,
            isUnary,
            [requestOf(MAX_BYTES)],
            deadline,
          );
          assert.notEqual(taken.error?.code, Code.ResourceExhausted, protocol);
          const { code, error } = await nextRecord();
          assert.ok(Buffer.byteLength(error) <= 1_024, `${code} ${error.length}`);
          const refused = await tell(
            session,
            protocol,
            `/${method}`,
            isUnary,
            [requestOf(MAX_BYTES + 1)],
            deadline,
          );
          assert.equal(refused.error?.code, Code.ResourceExhausted, protocol);
          assert.equal((await nextRecord()).code, "resource_exhausted");
        }
      });
    }

    it("a name of 60,000 bytes gets a status, and the connection lives", async (t) => {
      const { session, nextRecord } = await serve(t, {}, { server: { lane } });
      for (const protocol of protocols) {
        const request = named["grpc.health.v1.Health/Check"](60_000);
        const { error } = await tell(session, protocol, "/grpc.health.v1.Health/Check", true, [request]);
        assert.equal(error?.code, Code.NotFound);
        assert.match(error.rawMessage, /^unknown service "n{200,}… \(cut, of 599\d\d characters\)"$/);
        assert.equal((await nextRecord()).error, error.rawMessage);
      }
      assert.equal(session.destroyed, false);
    });

    it("unknown fields are not kept: what reflection answers does not repeat them", async (t) => {
      const { session } = await serve(t, {}, { server: { lane } });
      const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
      const known = reflecting(1_000);
      const padded = Buffer.concat([known, unknownFields(60_000)]);
      const plain = await tell(session, "grpc", path, false, [known]);
      const answered = await tell(session, "grpc", path, false, [padded]);
      assert.deepEqual(answered.seen.body, plain.seen.body);
    });
  });
}
