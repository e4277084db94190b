import assert from "node:assert/strict";
import { test } from "node:test";
import { createRegistry, type Message } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { createCodecs } from "../../../../../src/runrpc/codec/codecs.ts";
import { createCodec, type Format } from "../../../../../src/runrpc/server/lanes/fast/codec.ts";
import { createExcess } from "../../../../../src/runrpc/server/routes/excess.ts";
import { createValidation } from "../../../../../src/runrpc/server/routes/validation.ts";
import { createAdmission } from "../../../../../src/runrpc/server/routes/whole-message.ts";
import { codecs } from "../../../../gen/codecs.ts";
import { SizesService } from "../../../../gen/rig/sizes/v1/sizes_pb.ts";

const method = SizesService.method.take;
const registry = createRegistry();
const admit = createAdmission(method.output, false);
const check = createValidation()(method) as (message: Message) => void; // it has rules

const ELEMENTS = 300_000;
const ROUNDS = 5;

const requests: Readonly<Record<Format, Buffer>> = {
  proto: Buffer.alloc(2 * ELEMENTS, Buffer.from([0x12, 0])),
  json: Buffer.from(`{"parts":[${Array(ELEMENTS).fill("{}").join()}]}`),
};

for (const format of ["proto", "json"] as const)
  test(`${format}: a request with ${ELEMENTS} elements, which may have 30, costs less than half of decoding all of them`, () => {
    const options = {
      maxResponseBytes: 1_000,
      registry,
      find: createCodecs(codecs),
      isEnveloped: false,
      admit,
    };
    const all = createCodec(method, format, options);
    const guarded = createCodec(method, format, {
      ...options,
      excess: createExcess(method.input, check, registry),
    });
    const [wanted, told] = [refusal(all.decode(requests[format])), refusal(guarded.decode(requests[format]))];
    assert.deepEqual(told, wanted);
    const [dear, cheap] = [all, guarded].map(({ decode }) => cpuOf(() => decode(requests[format])));
    assert.ok((cheap ?? 0) < (dear ?? 0) / 2, `${cheap} µs, and ${dear} µs for all`);
  });

function refusal(message: Message): string {
  try {
    check(message);
  } catch (reason) {
    return ConnectError.from(reason).message;
  }
  throw new Error("the request passes");
}

/** CPU time of this process, in microseconds. */
function cpuOf(work: () => unknown): number {
  const before = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
