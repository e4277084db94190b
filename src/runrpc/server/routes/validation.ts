import { create, type DescField, type DescMessage, type DescMethod, hasOption } from "@bufbuild/protobuf";
import { createValidator, type ValidationResult, type Validator } from "@bufbuild/protovalidate";
import { field, message, oneof } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import type { Check } from "./handler.ts";
import { createHideSensitive } from "./hide-sensitive.ts";
import { createShortenTexts, type ShortenTexts } from "./long-texts.ts";
import { isSmall } from "./message-size.ts";
import { refusal } from "./violations.ts";

/** A message with more parts than this is not searched for further violations once it has one. */
export const MAX_SEARCHED_PARTS = 20;

/**
 * Validation of requests by the protovalidate rules of their schema. A method whose input has no rule, at any
 * depth, gets no check. It is no interceptor, because these cost a call more than the rules do; its errors are those of
 * @connectrpc/validate, with the violations as a detail. Rules are compiled here, at start, because that is slow.
 *
 * The check ends at the first violation, so that a request that breaks rules costs no more than one that keeps them:
 * protovalidate finds 200,000 of them in a message of 0.4 MB, for seconds and a gigabyte. Only a small message, such as a
 * form, is gone through a second time, for all that is wrong with it; of a text that is far too long, its beginning.
 *
 * @throws Error that names the message, when a rule of its schema does not compile.
 */
export function createValidation(): (method: DescMethod) => Check | undefined {
  const validator = createValidator({ failFast: true });
  let collector: Validator | undefined;
  return ({ input }) => {
    if (!hasRules(input, new Set())) return undefined;
    const result = validator.validate(input, create(input));
    if (result.kind === "error") throw new Error(`${input.typeName}: ${result.error.message}`);
    const hide = createHideSensitive(input) ?? same;
    const check: Check = (request) => {
      const first: ValidationResult = validator.validate(input, request);
      if (first.kind === "valid") return;
      if (first.kind === "error" || !isSmall(input, request, MAX_SEARCHED_PARTS))
        throw refusal(hide(first), "first");
      collector ??= createValidator();
      throw refusal(hide(collector.validate(input, request)), "all");
    };
    const shortenTexts = createShortenTexts(input);
    return shortenTexts === undefined ? check : checkShortened(check, shortenTexts);
  };
}

/** What is far too long is refused for its beginning. */
function checkShortened(check: Check, shortenTexts: ShortenTexts): Check {
  return (request) => {
    const putBack = shortenTexts(request);
    if (putBack !== undefined) {
      try {
        check(request);
      } finally {
        putBack();
      }
    }
    check(request);
  };
}

function same(result: ValidationResult): ValidationResult {
  return result;
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
