import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it } from "node:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  CodeGeneratorResponse_Feature,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";

/** Runs the plugin as buf does. */
function run(request: MessageInitShape<typeof CodeGeneratorRequestSchema>): CodeGeneratorResponse {
  const input = toBinary(CodeGeneratorRequestSchema, create(CodeGeneratorRequestSchema, request));
  const { stdout, stderr, status } = spawnSync(process.execPath, ["src/runrpc/codec/plugin/main.ts"], {
    input,
  });
  assert.equal(status, 0, stderr.toString());
  return fromBinary(CodeGeneratorResponseSchema, stdout);
}

it("the plugin answers a request on standard input with a response on standard output", () => {
  const { error, file, supportedFeatures } = run({});
  assert.equal(error, "");
  assert.deepEqual(
    file.map(({ name }) => name),
    ["codecs.ts"],
  );
  assert.equal(
    supportedFeatures,
    BigInt(CodeGeneratorResponse_Feature.PROTO3_OPTIONAL | CodeGeneratorResponse_Feature.SUPPORTS_EDITIONS),
  );
});

it("what is wrong with a request is told in the response, for buf to show", () => {
  const { error, file } = run({ parameter: "target=js" });
  assert.equal(error, "target=js is no option: there are import_extension=ts|js and runtime=<module>");
  assert.deepEqual(file, []);
});
