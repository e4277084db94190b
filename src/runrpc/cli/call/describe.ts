import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
  isFieldSet,
  type JsonValue,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import {
  FieldRulesSchema,
  field as fieldRules,
  MessageRulesSchema,
  message as messageRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import {
  method as methodPolicy,
  PolicySchema,
  service as servicePolicy,
} from "../../../../gen/runrpc/options/v1/options_pb.ts";
import { commentOf } from "../../contracts/comments.ts";
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

/**
 * A method, what it asks of its caller, and every message that it may carry, written as a schema would, with the rules
 * that are checked. Comments are there where the method comes from files: they do not travel by reflection.
 *
 * @param comments false: without them. Default true.
 */
export function describeMethod(method: DescMethod, { comments = true } = {}): string {
  const commentLines = comments ? linesOfComment : () => [];
  const isClientStream = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  const isServerStream = method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
  const input = `${isClientStream ? "stream " : ""}${method.input.typeName}`;
  const output = `${isServerStream ? "stream " : ""}${method.output.typeName}`;
  const types = new Set<DescMessage | DescEnum>();
  collectTypes(method.input, types);
  collectTypes(method.output, types);
  const rpc = [
    ...commentLines(method, ""),
    `rpc ${method.name}(${input}) returns (${output});`,
    ...demandsOf(method).map((demand) => `// ${demand}`),
  ].join("\n");
  return [rpc, ...[...types].map((type) => describeType(type, commentLines))].join("\n\n");
}

/** Google's well-known types are left out: their JSON is a string, a number, or what they hold. */
function collectTypes(type: DescMessage | DescEnum | undefined, types: Set<DescMessage | DescEnum>): void {
  if (type === undefined || types.has(type) || type.typeName.startsWith("google.protobuf.")) return;
  types.add(type);
  if (type.kind === "enum") return;
  for (const field of type.fields) collectTypes(field.message ?? field.enum, types);
}

function describeType(type: DescMessage | DescEnum, commentLines: typeof linesOfComment): string {
  const lines =
    type.kind === "enum"
      ? type.values.flatMap((value) => [...commentLines(value, "  "), `  ${value.name} = ${value.number};`])
      : [
          ...ruleLines("message", messageRulesOf(type)),
          ...type.fields.flatMap((field) => [
            ...commentLines(field, "  "),
            ...ruleLines("rules", fieldRulesOf(field)),
            `  ${typeOf(field)} ${field.name} = ${field.number};${oneofOf(field)}`,
          ]),
        ];
  const text = [...commentLines(type, ""), `${type.kind} ${type.typeName} {`, ...lines];
  return `${text.join("\n")}\n}`;
}

function linesOfComment(desc: Parameters<typeof commentOf>[0], indent: string): string[] {
  return commentOf(desc).map((line) => `${indent}// ${line}`.trimEnd());
}

/** What the gate holds a caller to, by the options of the method, else of its service. */
function demandsOf(method: DescMethod): string[] {
  const own = hasOption(method, methodPolicy) ? getOption(method, methodPolicy) : undefined;
  const parent = hasOption(method.parent, servicePolicy)
    ? getOption(method.parent, servicePolicy)
    : undefined;
  const pick = <K extends "public" | "scopes" | "maxRequestBytes" | "maxDeadlineMs">(name: K) =>
    [own, parent].find((policy) => policy !== undefined && isFieldSet(policy, PolicySchema.field[name]))?.[
      name
    ];
  const demands: string[] = [];
  if (pick("public") === true) demands.push("public: no key is needed");
  const scopes = pick("scopes") ?? [];
  if (scopes.length > 0) demands.push(`scopes: ${scopes.join(", ")}`);
  const maxRequestBytes = pick("maxRequestBytes");
  if (maxRequestBytes !== undefined) demands.push(`a request message of at most ${maxRequestBytes} bytes`);
  const maxDeadlineMs = pick("maxDeadlineMs");
  if (maxDeadlineMs !== undefined) demands.push(`a deadline of at most ${maxDeadlineMs} ms`);
  return demands;
}

function fieldRulesOf(field: DescField): JsonValue | undefined {
  return hasOption(field, fieldRules) ? toJson(FieldRulesSchema, getOption(field, fieldRules)) : undefined;
}

function messageRulesOf(message: DescMessage): JsonValue | undefined {
  return hasOption(message, messageRules)
    ? toJson(MessageRulesSchema, getOption(message, messageRules))
    : undefined;
}

/** The rules of protovalidate as JSON, above what they are held against. */
function ruleLines(what: string, rules: JsonValue | undefined): string[] {
  return rules === undefined ? [] : [`  // ${what}: ${JSON.stringify(rules)}`];
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
