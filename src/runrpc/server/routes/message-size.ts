import type { DescMessage, Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";

/**
 * Whether a message has no more than `maxParts` parts: elements of lists, entries of maps, and messages, at any depth. It
 * looks at no more of them than that.
 */
export function isSmall(desc: DescMessage, message: Message, maxParts: number): boolean {
  return leftOf(reflect(desc, message), maxParts) >= 0;
}

/** How many parts are left of those that are allowed, after those of this message; less than 0: there are more. */
function leftOf(message: ReflectMessage, allowed: number): number {
  let left = allowed;
  for (const field of message.fields) {
    if (left < 0) return left;
    if (!message.isSet(field)) continue;
    switch (field.fieldKind) {
      case "message":
        left = leftOf(message.get(field), left - 1);
        break;
      case "list":
        left = leftOfAll(message.get(field), message.get(field).size, left);
        break;
      case "map":
        left = leftOfAll(message.get(field).values(), message.get(field).size, left);
        break;
    }
  }
  return left;
}

function leftOfAll(values: Iterable<unknown>, size: number, allowed: number): number {
  let left = allowed - size;
  if (left < 0) return left;
  for (const value of values) if (isMessage(value)) left = leftOf(value, left);
  return left;
}

function isMessage(value: unknown): value is ReflectMessage {
  return typeof value === "object" && value !== null && "desc" in value && "fields" in value;
}
