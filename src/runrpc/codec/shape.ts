import { createHash } from "node:crypto";
import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";

/**
 * What of a message its codec was written for: names, numbers and kinds of its fields. A codec whose message has become
 * another one would misread it in silence, so that the server refuses to start with one.
 */
export function shapeOf(desc: DescMessage): string {
  const fields = desc.fields.map(fieldShape).sort();
  const text = [desc.typeName, desc.file.edition, ...fields].join("\n");
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}

function fieldShape(field: DescField): string {
  return [
    field.number,
    field.localName,
    field.fieldKind,
    field.presence,
    field.oneof?.localName ?? "",
    field.scalar ?? "",
    field.message?.typeName ?? "",
    field.enum === undefined ? "" : enumShape(field.enum),
    "longAsString" in field && field.longAsString,
    "packed" in field && field.packed,
    "delimitedEncoding" in field && field.delimitedEncoding,
    field.fieldKind === "map" ? field.mapKey : "",
  ].join(" ");
}

/** Of an open enum the first value alone, which is that of a field without one. */
function enumShape({ typeName, open, values }: DescEnum): string {
  const numbers = open ? values.slice(0, 1) : values;
  return `${typeName}(${open ? "open" : "closed"} ${numbers.map(({ number }) => number).join(",")})`;
}
