import { create, type DescField, type DescMessage, type DescMethod, hasOption } from "@bufbuild/protobuf";
import { createValidator, type ValidationResult, violationsToProto } from "@bufbuild/protovalidate";
import { field, message, oneof } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Check } from "./handler.ts";

/**
 * Validation of requests by the protovalidate rules of their schema. A method whose input has no rule, at any
 * depth, gets no check. It is no interceptor, because these cost a call more than the rules do; its errors are those of
 * @connectrpc/validate, with the violations as a detail. Rules are compiled here, at start: the first use takes about 50 ms.
 *
 * @throws Error that names the message, when a rule of its schema does not compile.
 */
export function createValidation(): (method: DescMethod) => Check | undefined {
  const validator = createValidator();
  return ({ input }) => {
    if (!hasRules(input, new Set())) return undefined;
    const result = validator.validate(input, create(input));
    if (result.kind === "error") throw new Error(`${input.typeName}: ${result.error.message}`);
    return (request) => {
      const { kind, error, violations } = validator.validate(input, request);
      if (kind !== "valid") throw refusal(error, violations);
    };
  };
}

function refusal(error: Error, violations: ValidationResult["violations"]): ConnectError {
  const refused = new ConnectError(error.message, Code.InvalidArgument, undefined, undefined, error);
  if (violations !== undefined) {
    const [value, desc] = violationsToProto(violations);
    refused.details.push({ desc, value });
  }
  return refused;
}

function hasRules(desc: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(desc)) return false;
  seen.add(desc);
  return (
    hasOption(desc, message) ||
    desc.oneofs.some((group) => hasOption(group, oneof)) ||
    desc.fields.some((member) => hasOption(member, field) || contentsHaveRules(member, seen))
  );
}

function contentsHaveRules(member: DescField, seen: Set<DescMessage>): boolean {
  return member.message !== undefined && hasRules(member.message, seen);
}
