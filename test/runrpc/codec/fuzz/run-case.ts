import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import {
  create,
  type DescMessage,
  fromBinary,
  isFieldSet,
  type Message,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { createCodecs } from "../../../../src/runrpc/codec/codecs.ts";
import { Reader } from "../../../../src/runrpc/codec/reader.ts";
import { Writer } from "../../../../src/runrpc/codec/writer.ts";
import { createRandom, type Random } from "../../server/lanes/differential/random.ts";
import { codecs } from "../gen/codecs.ts";
import { broken, within } from "./breakages.ts";
import { type Init, initializerOf } from "./initializers.ts";
import { schemas } from "./schemas.ts";

/** What the generated codecs did themselves in a number of cases, and what they left to protobuf-es. */
export interface Tally {
  cases: number;
  written: number;
  writtenByUs: number;
  /** What protobuf-es writes no more than we. */
  refused: number;
  read: number;
  readByUs: number;
  broken: number;
  brokenAccepted: number;
  brokenReadByUs: number;
}

export function newTally(): Tally {
  return {
    cases: 0,
    written: 0,
    writtenByUs: 0,
    refused: 0,
    read: 0,
    readByUs: 0,
    broken: 0,
    brokenAccepted: 0,
    brokenReadByUs: 0,
  };
}

/** How many messages were compared: those that were written, were not, were read, and were read when broken. */
export function messagesIn({ written, refused, read, broken }: Tally): number {
  return written + refused + read + broken;
}

const find = createCodecs(codecs);
/** protobuf-es, where its result says what the message holds. */
const findPlain = createCodecs([]);
const generated = new Map(codecs.map((codec) => [codec.typeName, codec]));
const reader = new Reader();
const writer = new Writer(Buffer.alloc(1_000));
/** Messages of earlier cases, by type, for what is joined. */
const earlier = new Map<DescMessage, Buffer[]>();

/** Writes and reads a random message, and reads it broken: protobuf-es is the judge of each. @throws AssertionError */
export function runCase(seed: number, tally: Tally): void {
  const random = createRandom(seed);
  const desc = random.pick(schemas);
  const init = initializerOf(desc, { random, wrong: random.chance(0.2) ? 0.02 : 0 });
  tally.cases++;
  const bytes = compareWriting(desc, init, random, tally);
  if (bytes === undefined) return;
  compareReading(desc, bytes, random, tally);
  const others = earlier.get(desc) ?? [];
  for (let i = 0; i < 2; i++) compareBroken(desc, within(broken(bytes, others, random), random), tally);
  if (bytes.length < 3_000) earlier.set(desc, [...others.slice(-20), bytes]);
}

/** The initialiser, and the message that is made of it. Gives the bytes, where it can be written. */
function compareWriting(desc: DescMessage, init: Init, random: Random, tally: Tally): Buffer | undefined {
  const head = random.pick([0, 5]);
  const codec = find(desc);
  const whole = outcome(() => create(desc, init));
  const expected = outcome(() => plainBytes(desc, init));
  same(
    outcome(() => codec.encode(init, head).subarray(head)),
    expected,
    "an initialiser",
    init,
  );
  if (whole.value !== undefined)
    same(
      outcome(() => codec.encode(whole.value as Message, head).subarray(head)),
      outcome(() => plainBytes(desc, whole.value as Message)),
      "a message",
      whole.value,
    );
  if (expected.value === undefined) {
    tally.refused++;
    return undefined;
  }
  tally.written++;
  if (outcome(() => generated.get(desc.typeName)?.write(writer, init, 0, false)).value !== undefined)
    tally.writtenByUs++;
  return expected.value;
}

function plainBytes(desc: DescMessage, value: object): Buffer {
  return findPlain(desc).encode(value, 0);
}

function compareReading(desc: DescMessage, bytes: Buffer, random: Random, tally: Tally): void {
  const codec = find(desc);
  const expected = fromBinary(desc, plain(bytes));
  const message = codec.decode(within(bytes, random));
  same(message, expected, "what was read", bytes.toString("hex"));
  assert.equal(Object.getPrototypeOf(message), Object.getPrototypeOf(expected));
  same(Object.keys(message).sort(), Object.keys(expected).sort(), "its properties", message);
  same(
    outcome(() => codec.encode(message, 0)),
    outcome(() => Buffer.from(toBinary(desc, expected))),
    "what was read, written",
    message,
  );
  for (const field of desc.fields)
    assert.equal(isFieldSet(message, field), isFieldSet(expected, field), `${field} is set`);
  same(
    outcome(() => toJsonString(desc, message)),
    outcome(() => toJsonString(desc, expected)),
    "its JSON",
    message,
  );
  tally.read++;
  if (readsItself(desc, bytes)) tally.readByUs++;
}

function compareBroken(desc: DescMessage, bytes: Buffer, tally: Tally): void {
  const expected = outcome(() => fromBinary(desc, plain(bytes)));
  const actual = outcome(() => find(desc).decode(bytes));
  same(actual, expected, "broken bytes", bytes.toString("hex"));
  tally.broken++;
  if (expected.value === undefined || actual.value === undefined) return;
  // With the fields that the schema does not know.
  const { value: message } = actual;
  const { value: theirs } = expected;
  same(
    rereadOf(desc, () => find(desc).encode(message, 0)),
    rereadOf(desc, () => toBinary(desc, theirs)),
    "broken bytes, written",
    bytes.toString("hex"),
  );
  tally.brokenAccepted++;
  if (readsItself(desc, bytes)) tally.brokenReadByUs++;
}

/**
 * What was written, read by protobuf-es, and its length. Bytes would not do: which of the many NaN of a float or double a value
 * of JavaScript keeps is the engine's choice (https://tc39.es/ecma262/#sec-numerictorawbytes).
 */
function rereadOf(desc: DescMessage, write: () => Uint8Array): Outcome<unknown> {
  return outcome(() => {
    const bytes = write();
    return [bytes.length, fromBinary(desc, Uint8Array.from(bytes))];
  });
}

function readsItself(desc: DescMessage, bytes: Buffer): boolean {
  reader.b = bytes;
  return outcome(() => generated.get(desc.typeName)?.read(reader, 0, bytes.length, 1)).value !== undefined;
}

function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

interface Outcome<T> {
  readonly value?: T;
  readonly error?: string;
}

function outcome<T>(run: () => T): Outcome<T> {
  try {
    return { value: run() };
  } catch (reason) {
    return { error: reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason) };
  }
}

function same(actual: unknown, expected: unknown, what: string, of: unknown): void {
  // The assertion is slow, and tells what differs.
  if (!isDeepStrictEqual(actual, expected)) {
    assert.deepEqual(actual, expected, what);
    assert.fail(`${what}: ${String(of)}`);
  }
}
