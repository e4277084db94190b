import { type DescField, type DescMessage, getOption } from "@bufbuild/protobuf";
import { type ValidationResult, Violation } from "@bufbuild/protovalidate";
import {
  type FieldRules,
  field as fieldRules,
  message as messageRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { holdsSensitive, isSensitive } from "../requests/sensitive.ts";

/** What was found wrong with a request, without the values of sensitive fields. */
export type HideSensitive = (result: ValidationResult) => ValidationResult;

/** Undefined: requests of this type hold nothing that is sensitive. */
export function createHideSensitive(input: DescMessage): HideSensitive | undefined {
  if (!holdsSensitive(input)) return undefined;
  return (result) => {
    // What CEL says of its own failure may quote what it failed on.
    if (result.kind === "error") return { ...result, error: new UncheckedError() };
    if (result.kind === "valid") return result;
    return { ...result, violations: result.violations.map((violation) => hidden(violation, input)) };
  };
}

class UncheckedError extends Error {
  override readonly name = "RuntimeError";
  constructor() {
    super("the request cannot be checked against its rules");
  }
}

/**
 * The path ends at the sensitive field, as keys of maps are behind it. Rules of the standard say what they ask for; an
 * expression may make its text of the values that it is about.
 */
function hidden(violation: Violation, input: DescMessage): Violation {
  const { field: path, rule, ruleId, message, forKey } = violation;
  const at = path.findIndex((part) => "name" in part && part.kind !== "oneof" && isSensitive(part));
  const last = path.findLast((part) => "name" in part && part.kind !== "oneof");
  const held = last === undefined ? input : (last as DescField).message;
  const isAboutIt = at !== -1 || (held !== undefined && holdsSensitive(held));
  if (!isAboutIt) return violation;
  const expressions = expressionsOf(last as DescField | undefined, input);
  const isMade = isExpression(rule) || expressions.some(({ id }) => id === ruleId);
  const isSafe = !isMade || expressions.some((one) => one.message !== "" && one.message === message);
  const told = isSafe ? message : "breaks a rule, in words that may hold what is sensitive";
  return new Violation(told, ruleId, at === -1 ? path : path.slice(0, at + 1), rule, forKey);
}

/** Whether it is the path of a rule that the schema has an expression for. Of a rule of a message there is no path. */
function isExpression(rule: Violation["rule"]): boolean {
  return rule.some(
    (part) =>
      part.kind === "extension" ||
      ("name" in part && (part.name === "cel" || part.name === "cel_expression")),
  );
}

/** The expressions of a field and of its messages. A text of their own is the same, whatever the value is. */
function expressionsOf(
  field: DescField | undefined,
  input: DescMessage,
): readonly { readonly id: string; readonly message: string }[] {
  const message = field === undefined ? input : field.message;
  const ofField = field === undefined ? [] : celOf(getOption(field, fieldRules));
  if (message === undefined) return ofField;
  const { cel, celExpression } = getOption(message, messageRules);
  return [...ofField, ...cel, ...celExpression.map((id) => ({ id, message: "" }))];
}

function celOf({ cel, type }: FieldRules): FieldRules["cel"] {
  const inner =
    type.case === "repeated"
      ? [type.value.items]
      : type.case === "map"
        ? [type.value.keys, type.value.values]
        : [];
  return [...cel, ...inner.flatMap((rules) => (rules === undefined ? [] : celOf(rules)))];
}
