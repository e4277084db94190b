import {
  type DescField,
  type DescMessage,
  type DescOneof,
  getOption,
  hasOption,
  type JsonValue,
  toJson,
} from "@bufbuild/protobuf";
import {
  FieldRulesSchema,
  field as fieldOption,
  MessageRulesSchema,
  message as messageOption,
  OneofRulesSchema,
  oneof as oneofOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

/** The rules of a field, each in a few words: `required`, `minLen 1`, `email`, `items: uuid`. */
export function fieldRules(field: DescField): readonly string[] {
  return hasOption(field, fieldOption)
    ? wordsOf(toJson(FieldRulesSchema, getOption(field, fieldOption)))
    : [];
}

/** Those of a whole message. */
export function messageRules(message: DescMessage): readonly string[] {
  return hasOption(message, messageOption)
    ? wordsOf(toJson(MessageRulesSchema, getOption(message, messageOption)))
    : [];
}

/** Those of a oneof. */
export function oneofRules(oneof: DescOneof): readonly string[] {
  return hasOption(oneof, oneofOption)
    ? wordsOf(toJson(OneofRulesSchema, getOption(oneof, oneofOption)))
    : [];
}

/** Members whose own members are rules of the same value: the types of a field. */
const TRANSPARENT =
  /^(float|double|s?u?int(32|64)|s?fixed(32|64)|bool|string|bytes|enum|repeated|map|any|duration|timestamp|fieldMask)$/;

const SIGNS: Readonly<Record<string, string>> = { gt: ">", gte: "≥", lt: "<", lte: "≤", const: "=" };

function wordsOf(rules: JsonValue): string[] {
  return Object.entries(rules as Record<string, JsonValue>).flatMap(([name, value]) => {
    if (name === "cel" || name === "celExpression") return celWords(value);
    const isGroup = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isGroup && TRANSPARENT.test(name)) return wordsOf(value);
    if (isGroup) return wordsOf(value).map((words) => `${name}: ${words}`);
    if (value === true) return [name];
    if (name === "ignore")
      return [`not checked ${value === "IGNORE_ALWAYS" ? "at all" : "where it is zero"}`];
    return [`${SIGNS[name] ?? name} ${typeof value === "string" ? value : JSON.stringify(value)}`];
  });
}

function celWords(value: JsonValue): string[] {
  const rules = Array.isArray(value) ? value : [value];
  return rules.map((rule) => {
    if (typeof rule === "string") return rule;
    const { message = "", expression = "" } = rule as Record<string, string>;
    return message === "" ? expression : message;
  });
}
