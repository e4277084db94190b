import type { CallError, ErrorDetail } from "../connect/wire.ts";
import type { Json } from "../schema.ts";
import { isObject } from "./collections.ts";
import type { Path, PathPart } from "./control.ts";

/** What a server says of one field of a request. */
export interface FieldViolation {
  readonly path: Path;
  readonly text: string;
}

/** What an error says of fields: by rules of the schema (protovalidate), or as a google.rpc.BadRequest. */
export function violationsOf({ details }: CallError): readonly FieldViolation[] {
  return details.flatMap((detail) => {
    if (detail.type === "buf.validate.Violations") return listOf(detail, "violations").map(ofRule);
    if (detail.type === "google.rpc.BadRequest") return listOf(detail, "fieldViolations").map(ofRequest);
    return [];
  });
}

function listOf({ debug }: ErrorDetail, name: string): readonly Json[] {
  const list = isObject(debug) ? debug[name] : undefined;
  return Array.isArray(list) ? list : [];
}

function ofRule(violation: Json): FieldViolation {
  const { field, message, ruleId } = isObject(violation) ? violation : {};
  const elements =
    isObject(field) && Array.isArray(field.elements) ? (field.elements as readonly Json[]) : [];
  return { path: elements.flatMap(partsOf), text: textOf(message) || textOf(ruleId) };
}

/** A field, and where it is a list or a map, which of its values. */
function partsOf(element: Json): readonly PathPart[] {
  if (!isObject(element)) return [];
  const field: PathPart = { kind: "field", name: textOf(element.fieldName) };
  if (element.index !== undefined) return [field, { kind: "index", index: Number(element.index) }];
  const key = element.stringKey ?? element.intKey ?? element.uintKey ?? element.boolKey;
  return key === undefined ? [field] : [field, { kind: "key", key: String(key) }];
}

function ofRequest(violation: Json): FieldViolation {
  const { field, description } = isObject(violation) ? violation : {};
  return { path: pathFrom(textOf(field)), text: textOf(description) };
}

/** The path in a text such as `entries[2].attributes["a"]`. */
export function pathFrom(text: string): Path {
  const parts = text.matchAll(/([A-Za-z_]\w*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/g);
  return [...parts].map(([, name, index, key]): PathPart => {
    if (name !== undefined) return { kind: "field", name };
    return index !== undefined ? { kind: "index", index: Number(index) } : { kind: "key", key: key ?? "" };
  });
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
