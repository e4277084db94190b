import { create, toBinary } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "@connectrpc/connect";
import { boundedText } from "../server/bounded-text.ts";

/** An error on its way between threads: structured clone would lose its class, its code and its details. */
export type WireError =
  | {
      readonly kind: "connect";
      readonly code: Code;
      readonly message: string;
      /** Name, value, name, value. */
      readonly metadata: readonly string[];
      readonly details: readonly { readonly type: string; readonly value: Uint8Array }[];
    }
  | {
      readonly kind: "other";
      readonly name: string;
      readonly message: string;
      readonly stack: string;
      /** Its own fields that are plain values, such as `code`. */
      readonly fields: Readonly<Record<string, string | number | boolean>>;
    };

/** It never throws, whatever was thrown. */
export function wireFromError(reason: unknown): WireError {
  try {
    if (reason instanceof ConnectError)
      return {
        kind: "connect",
        code: reason.code,
        message: String(reason.rawMessage),
        metadata: [...reason.metadata].flat(),
        details: reason.details.map((detail) =>
          "desc" in detail
            ? { type: detail.desc.typeName, value: toBinary(detail.desc, create(detail.desc, detail.value)) }
            : { type: detail.type, value: detail.value },
        ),
      };
    if (reason instanceof Error) {
      const plain = Object.entries(reason).filter(([, value]) =>
        /^(string|number|boolean)$/.test(typeof value),
      );
      return {
        kind: "other",
        name: String(reason.name),
        message: String(reason.message),
        stack: boundedText(String(reason.stack ?? ""), MAX_STACK_BYTES),
        fields: Object.fromEntries(plain) as Record<string, string | number | boolean>, // by the line above
      };
    }
    return { kind: "other", name: "Error", message: boundedText(String(reason)), stack: "", fields: {} };
  } catch {
    return {
      kind: "other",
      name: "Error",
      message: "what was thrown cannot be shown",
      stack: "",
      fields: {},
    };
  }
}

/**
 * The error again: a ConnectError with its code, message, metadata and details; any other as an Error of the same name, message,
 * stack and plain fields. `revive` gives an application's own class back; undefined where it knows none.
 */
export function errorFromWire(
  wire: WireError,
  revive: (error: Error & Readonly<Record<string, unknown>>) => unknown = () => undefined,
): unknown {
  if (wire.kind === "other") {
    const { name, message, stack, fields } = wire;
    const error = Object.assign(new Error(message), fields);
    Object.defineProperties(error, {
      name: { value: name, configurable: true, writable: true },
      stack: { value: stack, configurable: true, writable: true },
    });
    return revive(error) ?? error;
  }
  const error = new ConnectError(wire.message, wire.code);
  for (const [name, value] of pairsOf(wire.metadata)) error.metadata.append(name, value);
  error.details = wire.details.map(({ type, value }) => ({ type, value }));
  return error;
}

/** `[name, value, name, value]` in pairs. */
export function pairsOf(flat: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([flat[i] ?? "", flat[i + 1] ?? ""]);
  return pairs;
}

const MAX_STACK_BYTES = 8_192;
