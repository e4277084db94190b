import type { DescEnum, DescField, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { formatTable } from "../io.ts";

/** A method's kind, as gRPC calls it. */
export const kindNames = {
  unary: "unary",
  server_streaming: "server streaming",
  client_streaming: "client streaming",
  bidi_streaming: "bidi streaming",
} as const satisfies Record<DescMethod["methodKind"], string>;

/** A table of a service's methods. */
export function methodTable(service: DescService): string {
  const rows = service.methods.map((method) => [
    `${service.typeName}/${method.name}`,
    kindNames[method.methodKind],
    method.input.name,
    method.output.name,
  ]);
  return formatTable([["METHOD", "KIND", "REQUEST", "RESPONSE"], ...rows]);
}

/** A method and every message that it may carry, written as a schema would. Comments do not travel by reflection. */
export function describeMethod(method: DescMethod): string {
  const isClientStream = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  const isServerStream = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
  const input = `${isClientStream ? "stream " : ""}${method.input.typeName}`;
  const output = `${isServerStream ? "stream " : ""}${method.output.typeName}`;
  const types = new Set<DescMessage | DescEnum>();
  collectTypes(method.input, types);
  collectTypes(method.output, types);
  return [`rpc ${method.name}(${input}) returns (${output});`, ...[...types].map(describeType)].join("\n\n");
}

/** Google's well-known types are left out: their JSON is a string, a number, or what they hold. */
function collectTypes(type: DescMessage | DescEnum | undefined, types: Set<DescMessage | DescEnum>): void {
  if (type === undefined || types.has(type) || type.typeName.startsWith("google.protobuf.")) return;
  types.add(type);
  if (type.kind === "enum") return;
  for (const field of type.fields) collectTypes(field.message ?? field.enum, types);
}

function describeType(type: DescMessage | DescEnum): string {
  const lines =
    type.kind === "enum"
      ? type.values.map((value) => `${value.name} = ${value.number};`)
      : type.fields.map((field) => `${typeOf(field)} ${field.name} = ${field.number};${oneofOf(field)}`);
  return `${type.kind} ${type.typeName} {\n${lines.map((line) => `  ${line}\n`).join("")}}`;
}

function typeOf(field: DescField): string {
  const single = field.message?.typeName ?? field.enum?.typeName ?? scalarName(field.scalar);
  if (field.fieldKind === "list") return `repeated ${single}`;
  return field.fieldKind === "map" ? `map<${scalarName(field.mapKey)}, ${single}>` : single;
}

function oneofOf(field: DescField): string {
  return field.oneof === undefined ? "" : ` // one of ${field.oneof.name}`;
}

function scalarName(scalar: ScalarType | undefined): string {
  return scalar === undefined ? "" : (ScalarType[scalar]?.toLowerCase() ?? "");
}
