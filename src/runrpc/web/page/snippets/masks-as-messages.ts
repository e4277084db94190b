import type { FieldSchema, Json, JsonObject, Schema } from "../schema.ts";
import { quoteWideNumbers } from "./wide-numbers.ts";

const FIELD_MASK = "google.protobuf.FieldMask";

/**
 * A request as JSON in which each field mask is written as a message like others: grpcurl does not know `"name,displayName"`, which is
 * what proto JSON has (https://github.com/fullstorydev/grpcurl/issues/393). What has none stays as it is.
 */
export function masksAsMessages(schema: Schema, type: string, json: string): string {
  let hasMask = false;

  function ofType(name: string, value: Json): Json {
    if (name === FIELD_MASK && typeof value === "string") {
      hasMask = true;
      return {
        paths: value
          .split(",")
          .filter((path) => path !== "")
          .map(asInContract),
      };
    }
    return isObject(value) ? ofMessage(name, value) : value;
  }

  function ofMessage(name: string, value: JsonObject): Json {
    const members = schema.messages[name]?.members ?? [];
    const fields = members.flatMap((member) => (member.kind === "oneof" ? member.fields : [member]));
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        const field = fields.find((each) => each.jsonName === key || each.name === key);
        return [key, field === undefined ? inner : ofField(field, inner)];
      }),
    );
  }

  function ofField({ type: of, shape }: FieldSchema, value: Json): Json {
    if (!("message" in of)) return value;
    const one = (each: Json): Json => ofType(of.message, each);
    if (shape === "list" && Array.isArray(value)) return (value as readonly Json[]).map(one);
    if (shape === "map" && isObject(value))
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, one(each)]));
    return one(value);
  }

  try {
    const changed = ofType(type, JSON.parse(quoteWideNumbers(json)) as Json);
    return hasMask ? JSON.stringify(changed) : json;
  } catch {
    return json; // it is none
  }
}

/** Proto JSON has the names of fields as JavaScript would write them; the mask itself as their contract does. */
function asInContract(path: string): string {
  return path.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
