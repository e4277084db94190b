import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { isSensitive } from "../server/requests/sensitive.ts";
import { fieldRules, oneofRules } from "./describe-rules.ts";
import type { FieldSchema, MemberSchema, TypeSchema } from "./page/schema.ts";

/** @param commentOf the comment of a field or oneof of the message, by its name; empty where it has none */
export function describeMember(
  member: DescMessage["members"][number],
  commentOf: (name: string) => string,
): MemberSchema {
  if (member.kind === "field") return describeField(member, commentOf(member.name));
  return {
    kind: "oneof",
    name: member.name,
    comment: commentOf(member.name),
    rules: oneofRules(member),
    fields: member.fields.map((field) => describeField(field, commentOf(field.name))),
  };
}

function describeField(field: DescField, comment: string): FieldSchema {
  return {
    kind: "field",
    name: field.name,
    jsonName: field.jsonName,
    number: field.number,
    comment,
    rules: [
      ...(isSensitive(field) ? ["sensitive: left out of requests that are kept"] : []),
      ...fieldRules(field),
    ],
    type: typeOf(field),
    shape: field.fieldKind === "list" || field.fieldKind === "map" ? field.fieldKind : "single",
    ...(field.fieldKind === "map" ? { key: scalarName(field.mapKey) } : {}),
    hasPresence:
      field.fieldKind === "message" ||
      (field.presence !== FeatureSet_FieldPresence.IMPLICIT && field.fieldKind !== "list"),
  };
}

function typeOf(field: DescField): TypeSchema {
  if (field.message !== undefined) return { message: field.message.typeName };
  if (field.enum !== undefined) return { enum: field.enum.typeName };
  return { scalar: scalarName(field.scalar) };
}

/** As a `.proto` file spells it. */
function scalarName(scalar: ScalarType | undefined): string {
  return scalar === undefined ? "" : (ScalarType[scalar]?.toLowerCase() ?? "");
}
