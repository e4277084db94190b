import {
  type DescMessage,
  fromJson,
  type JsonReadOptions,
  type JsonValue,
  type JsonWriteOptions,
  type Registry,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { parseJson } from "../../../parse-json.ts";
import { createExactCheck } from "../../json/exact-json.ts";
import { createHidesSensitive } from "../../json/hide-sensitive.ts";
import { exactTextOf } from "../../json/json-text.ts";
import type { Excess } from "../../routes/excess.ts";

type JsonOptions = Partial<JsonReadOptions & JsonWriteOptions>;

/** The options with which the adapter reads and writes the JSON of a method with this input. */
export function jsonOptionsOf(
  input: DescMessage,
  registry: Registry,
  excess: Excess | undefined,
): JsonOptions {
  const options = { registry, textDecoder: exactDecoder(input, registry, excess) };
  return options as JsonOptions; // connect takes a decoder, which the types of its options do not say
}

/**
 * How the adapter reads the JSON of a request: it hands the text on to protobuf-es, without what nobody would look at.
 * Whatever would become another value on the way is refused here, where the bytes are still there.
 */
function exactDecoder(
  desc: DescMessage,
  registry: Registry,
  excess: Excess | undefined,
): { decode(bytes: Uint8Array): string } {
  const check = createExactCheck(desc, registry);
  const hides = createHidesSensitive(desc, registry);
  return {
    decode(bytes) {
      const text = exactTextOf(bytes, hides === undefined);
      let json: unknown;
      try {
        json = parseJson(text);
      } catch (reason) {
        if (reason instanceof RangeError) throw refused(reason.message);
        if (hides !== undefined) throw refused(hides.textFault(reason));
        return text; // protobuf-es says in its own words what is wrong
      }
      // protobuf-es parses the text itself, where V8 may take a name with an escape for another one: see parseJson.
      if (text.includes("\\") && JSON.stringify(JSON.parse(text)) !== JSON.stringify(json))
        throw refused("a name with an escape in it cannot be read");
      const read = excess === undefined ? json : excess.json(json, text.length);
      const inexact = check?.(read, text);
      if (inexact !== undefined) throw refused(inexact);
      checkReadable(read);
      return read === json ? text : JSON.stringify(read);
    },
  };

  /** protobuf-es quotes values in its errors, so that what holds sensitive ones is read here first. */
  function checkReadable(json: unknown): void {
    if (hides === undefined) return;
    try {
      fromJson(desc, json as JsonValue, { ignoreUnknownFields: true, registry }); // what was parsed is JSON
    } catch (reason) {
      throw ConnectError.from(hides.valueFault(reason, json), Code.InvalidArgument);
    }
  }

  function refused(what: string): ConnectError {
    return new ConnectError(
      `cannot decode message ${desc.typeName} from JSON: ${what}`,
      Code.InvalidArgument,
    );
  }
}
