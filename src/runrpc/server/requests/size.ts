import type { DescMessage, Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";

/**
 * Whether a message may be as short as `maxBytes` as JSON. It looks at no more of it than that takes, so that a long one costs no
 * more than a short one; what passes may still be longer.
 */
export function maySizeWithin(desc: DescMessage, message: Message, maxBytes: number): boolean {
  return leftOf(reflect(desc, message), maxBytes) >= 0;
}

/** How many bytes are left of those that are allowed, at most, after those of this value; less than 0: there are more. */
function leftOf(value: unknown, allowed: number): number {
  if (typeof value === "string" || value instanceof Uint8Array) return allowed - value.length;
  // A digit, or `{}`.
  if (!isMessage(value)) return allowed - 1;
  let left = allowed - 2;
  for (const field of value.fields) {
    if (left < 0) return left;
    if (!value.isSet(field)) continue;
    left -= field.jsonName.length;
    switch (field.fieldKind) {
      case "list":
        left = leftOfAll(value.get(field), left);
        break;
      case "map":
        left = leftOfAll(value.get(field).keys(), left);
        left = leftOfAll(value.get(field).values(), left);
        break;
      default:
        left = leftOf(value.get(field), left);
    }
  }
  return left;
}

function leftOfAll(values: Iterable<unknown>, allowed: number): number {
  let left = allowed;
  for (const value of values) {
    if (left < 0) return left;
    left = leftOf(value, left);
  }
  return left;
}

function isMessage(value: unknown): value is ReflectMessage {
  return typeof value === "object" && value !== null && "desc" in value && "fields" in value;
}
