import {
  type DescExtension,
  type DescField,
  type DescMessage,
  getOption,
  type Registry,
} from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { sensitive } from "../../../../gen/runrpc/options/v1/options_pb.ts";

/** Whether what a field holds is for the handler alone. */
export function isSensitive(field: DescField | DescExtension): boolean {
  return getOption(field, sensitive);
}

/**
 * Whether a message may hold a sensitive field, at any depth. One that takes extensions, and a `google.protobuf.Any`, may hold
 * whatever the registry knows; without a registry nothing is in them.
 */
export function holdsSensitive(desc: DescMessage, registry?: Registry): boolean {
  const seen = new Set<DescMessage>();
  return isHolder(desc);

  function isHolder(message: DescMessage): boolean {
    if (seen.has(message)) return false;
    seen.add(message);
    const isOpen = message.typeName === AnySchema.typeName || message.proto.extensionRange.length > 0;
    return (
      (isOpen && registry !== undefined && knowsSensitive(registry)) ||
      message.fields.some(
        (field) => isSensitive(field) || (field.message !== undefined && isHolder(field.message)),
      )
    );
  }
}

function knowsSensitive(registry: Registry): boolean {
  for (const type of registry) {
    if (type.kind === "extension" && isSensitive(type)) return true;
    if (type.kind === "message" && type.fields.some(isSensitive)) return true;
  }
  return false;
}
