import { type DescMessage, fromBinary, fromJson, type Message, type Registry } from "@bufbuild/protobuf";
import { shortenedBinary } from "../../codec/excess/binary.ts";
import { shortenedJson } from "../../codec/excess/json.ts";
import { createSizeRules } from "../../codec/excess/size-rules.ts";
import type { Check } from "./handler.ts";
import { MAX_SEARCHED_PARTS } from "./validation.ts";

/**
 * Spares the decoder a request with more elements in a list or map than its rule allows: two million empty ones are two million
 * objects, before anybody counts them. It is given the first of them, one more than may be, and what is refused for these is
 * refused with the error of all: the check of a size comes before that of the elements. Where the check lets that pass, all is
 * decoded.
 */
export interface Excess {
  /** The bytes to decode: those that are given, but for elements that nobody would have looked at. */
  binary(bytes: Uint8Array): Uint8Array;
  /** The same for what was parsed of JSON, of a text of so many characters. */
  json(json: unknown, characters: number): unknown;
}

/**
 * @param check of the requests.
 * @param registry the types that a google.protobuf.Any may hold in JSON.
 * @returns undefined where the message has no rule of a size, at any depth.
 */
export function createExcess(desc: DescMessage, check: Check, registry: Registry): Excess | undefined {
  // Of a message with more parts the check tells the first violation alone, however many there are.
  const rules = createSizeRules(desc, MAX_SEARCHED_PARTS + 1);
  if (rules === undefined) return undefined;
  const jsonOptions = { ignoreUnknownFields: true, registry };

  function isRefused(read: () => Message): boolean {
    try {
      check(read());
      return false;
    } catch {
      return true;
    }
  }

  return {
    binary(bytes) {
      const shortened = shortenedBinary(bytes, rules);
      // Decoded here and by the lane, these cost no more than all of them where they are half of them at most.
      if (shortened === undefined || 2 * shortened.length > bytes.length) return bytes;
      return isRefused(() => fromBinary(desc, shortened)) ? shortened : bytes;
    },
    json(json, characters) {
      if (characters < rules.leastBytes) return json;
      const shortened = shortenedJson(json, rules);
      if (shortened === json) return json;
      return isRefused(() => fromJson(desc, shortened as never, jsonOptions)) ? shortened : json; // it is JSON
    },
  };
}
