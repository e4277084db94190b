import type { DescMessage, JsonReadOptions, JsonWriteOptions, Registry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createExactCheck } from "../../json/exact-json.ts";
import { exactTextOf } from "../../json/json-text.ts";
import { parseJson } from "../../json/parse-json.ts";

type JsonOptions = Partial<JsonReadOptions & JsonWriteOptions>;

/** The options with which the adapter reads and writes the JSON of a method with this input. */
export function jsonOptionsOf(input: DescMessage, registry: Registry): JsonOptions {
  const options = { registry, textDecoder: exactDecoder(input, registry) };
  return options as JsonOptions; // connect takes a decoder, which the types of its options do not say
}

/**
 * How the adapter reads the JSON of a request: it hands the text on to protobuf-es. Whatever would become another value on
 * the way is refused here, where the bytes are still there.
 */
function exactDecoder(desc: DescMessage, registry: Registry): { decode(bytes: Uint8Array): string } {
  const check = createExactCheck(desc, registry);
  return {
    decode(bytes) {
      const text = exactTextOf(bytes);
      const inexact = inexactIn(text);
      if (inexact !== undefined)
        throw new ConnectError(
          `cannot decode message ${desc.typeName} from JSON: ${inexact}`,
          Code.InvalidArgument,
        );
      return text;
    },
  };

  function inexactIn(text: string): string | undefined {
    let json: unknown;
    try {
      json = parseJson(text);
    } catch (reason) {
      // The rest protobuf-es says in its own words.
      return reason instanceof RangeError ? reason.message : undefined;
    }
    // protobuf-es parses the text itself, where V8 may take a name with an escape for another one: see parseJson.
    if (text.includes("\\") && JSON.stringify(JSON.parse(text)) !== JSON.stringify(json))
      return "a name with an escape in it cannot be read";
    return check?.(json, text);
  }
}
