import type { Json, Schema, TypeSchema } from "../schema.ts";

/** A step of the way to a value within a message, as violations name it. */
export type PathPart =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "key"; readonly key: string };

export type Path = readonly PathPart[];

/** What shows a value of proto JSON, and takes another one. */
export interface Control {
  readonly element: HTMLElement;
  /** What a label is for, where one element takes the value. */
  readonly input?: HTMLElement;
  /** Undefined: not set. */
  get(): Json | undefined;
  set(value: Json | undefined): void;
  /** Shows a text at the part that the path leads to; false where it leads to none. Default: there are no parts. */
  mark?(path: Path, text: string): boolean;
  /** Takes all such texts away. */
  clearMarks?(): void;
}

/** What the parts of a form share. */
export interface FormContext {
  readonly schema: Schema;
  /** The type of the whole request, whose fields a mask names. */
  readonly root: string;
  /** Called after each change that a person makes. */
  readonly changed: () => void;
}

/** What stands for a value that is not set where one has to stand, as in a list. */
export function zeroOf(type: TypeSchema, { schema }: FormContext): Json {
  if ("message" in type) return wellKnownZeros[type.message] ?? {};
  if (takesNull(type)) return null;
  if ("enum" in type) return schema.enums[type.enum]?.values[0]?.name ?? 0;
  if (type.scalar === "string" || type.scalar === "bytes") return "";
  if (type.scalar === "bool") return false;
  return isInt64(type.scalar) ? "0" : 0;
}

const NULL_VALUE = "google.protobuf.NullValue";

/** Whether `null` is a value of this type in JSON: of all others it says that nothing is set. */
export function takesNull(type: TypeSchema): boolean {
  if ("enum" in type) return type.enum === NULL_VALUE;
  return "message" in type && type.message === "google.protobuf.Value";
}

/** Their JSON has more digits than a number of JavaScript. */
export function isInt64(scalar: string): boolean {
  return scalar.endsWith("64");
}

const wellKnownZeros: Readonly<Record<string, Json>> = {
  "google.protobuf.Timestamp": "1970-01-01T00:00:00Z",
  "google.protobuf.Duration": "0s",
  "google.protobuf.FieldMask": "",
  "google.protobuf.ListValue": [],
  "google.protobuf.Value": null,
  "google.protobuf.StringValue": "",
  "google.protobuf.BytesValue": "",
  "google.protobuf.BoolValue": false,
  "google.protobuf.DoubleValue": 0,
  "google.protobuf.FloatValue": 0,
  "google.protobuf.Int32Value": 0,
  "google.protobuf.UInt32Value": 0,
  "google.protobuf.Int64Value": "0",
  "google.protobuf.UInt64Value": "0",
};
