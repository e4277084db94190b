#!/usr/bin/env node
import { buffer } from "node:stream/consumers";
// The plugin that `buf generate` runs: a request on standard input, a response on standard output.
// https://protobuf.dev/reference/cpp/api-docs/google.protobuf.compiler.plugin.pb/
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";
import { generate } from "./generate.ts";
import { checkNodeVersion } from "./node-version.ts";

const request = fromBinary(CodeGeneratorRequestSchema, await buffer(process.stdin));
process.stdout.write(toBinary(CodeGeneratorResponseSchema, answer()));

/** What went wrong is told in the response, and buf shows it. */
function answer(): CodeGeneratorResponse {
  try {
    checkNodeVersion(process.versions.node);
    return generate(request);
  } catch (reason) {
    return create(CodeGeneratorResponseSchema, {
      error: reason instanceof Error ? reason.message : String(reason),
    });
  }
}
