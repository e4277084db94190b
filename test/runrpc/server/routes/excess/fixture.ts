import assert from "node:assert/strict";
import {
  create,
  createRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { createExcess } from "../../../../../src/runrpc/server/routes/excess.ts";
import { createValidation } from "../../../../../src/runrpc/server/routes/validation.ts";
import { type PartSchema, SizesService, TakeRequestSchema } from "../../../../gen/rig/sizes/v1/sizes_pb.ts";

export type Init = MessageInitShape<typeof TakeRequestSchema>;
export type PartInit = MessageInitShape<typeof PartSchema>;

export const registry = createRegistry();
const check = createValidation()(SizesService.method.take);
assert.ok(check);
const guard = createExcess(TakeRequestSchema, check, registry);
assert.ok(guard);

/** Of the requests of SizesService.Take. */
export const excess = guard;

/** What comes of a request: its message, or what it is refused with. */
export function outcome(read: () => Message): unknown {
  try {
    const message = read();
    check?.(message);
    return message;
  } catch (reason) {
    const { code, rawMessage, details } = ConnectError.from(reason);
    return { code, rawMessage, details: details.map((detail) => "value" in detail && detail.value) };
  }
}

/** The code of a refusal; false for a message. */
export function codeOf(found: unknown): unknown {
  return typeof found === "object" && found !== null && "code" in found && found.code;
}

export const readBinary = (bytes: Uint8Array) => () => fromBinary(TakeRequestSchema, bytes);
export const readJson = (json: unknown) => () => fromJson(TakeRequestSchema, json as JsonValue); // it was made of JSON

export function many<T>(make: (at: number) => T, length = 1_000): T[] {
  return Array.from({ length }, (_, at) => make(at));
}

export function entries<T>(make: (at: number) => T, length = 1_000): Record<string, T> {
  return Object.fromEntries(many((at) => [`key ${at}`, make(at)], length));
}

/** Both a request and a part have such a list. */
export const tooMany = { parts: many((): PartInit => ({})) };

export function bytesOf(init: Init): Buffer {
  return Buffer.from(toBinary(TakeRequestSchema, create(TakeRequestSchema, init)));
}
