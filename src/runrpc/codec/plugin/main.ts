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
import { refusalOf } from "./node-version.ts";

const request = fromBinary(CodeGeneratorRequestSchema, await buffer(process.stdin));
process.stdout.write(toBinary(CodeGeneratorResponseSchema, answer()));

/** What went wrong is told in the response, and buf shows it. */
function answer(): CodeGeneratorResponse {
  const error = refusalOf(process.versions.node);
  if (error !== undefined) return create(CodeGeneratorResponseSchema, { error });
  try {
    return generate(request);
  } catch (reason) {
    return create(CodeGeneratorResponseSchema, {
      error: reason instanceof Error ? reason.message : String(reason),
    });
  }
}
