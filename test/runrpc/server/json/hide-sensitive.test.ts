import assert from "node:assert/strict";
import { test } from "node:test";
import { createRegistry } from "@bufbuild/protobuf";
import { createHidesSensitive } from "../../../../src/runrpc/server/json/hide-sensitive.ts";
import { readJson } from "../../../../src/runrpc/server/lanes/fast/json.ts";
import { file_rig_secrets_v1_secrets, PutRequestSchema } from "../../../gen/rig/secrets/v1/secrets_pb.ts";

const ELEMENTS = 100_000;
const registry = createRegistry(file_rig_secrets_v1_secrets);
const hides = createHidesSensitive(PutRequestSchema, registry);

test("a document with a hundred thousand faults costs no more than some times what one without any does", () => {
  const textOf = (element: string) => `{"account": {"children": [${Array(ELEMENTS).fill(element).join()}]}}`;
  const read = (text: string): unknown => {
    try {
      return readJson(PutRequestSchema, text, { registry }, { hides });
    } catch (error) {
      return error;
    }
  };
  assert.match(String(read(textOf('"secret"'))), /account\.children: the value cannot be read/);
  const [faulty = 0, good = 0] = ['"secret"', '{"name":"a"}'].map((element) => {
    const text = textOf(element);
    return Math.min(...Array.from({ length: 3 }, () => cpuOf(() => read(text))));
  });
  assert.ok(faulty < 10 * good, `${faulty} µs, and ${good} µs without a fault`);
});

function cpuOf(run: () => unknown): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}
