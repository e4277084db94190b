import { create, toBinary, toJson } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { type ValidationResult, type Violation, violationToProto } from "@bufbuild/protovalidate";
import {
  type Violation as ViolationProto,
  ViolationSchema,
  type Violations,
  ViolationsSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code, ConnectError } from "@connectrpc/connect";
import { boundedText } from "../bounded-text.ts";

/** What the detail of a refusal holds at most: violations, and bytes of them. gRPC's trailers have 8 KiB for it all. */
const MAX_DETAILS = 20;
const MAX_DETAIL_BYTES = 4_096;

/** The greatest text of one violation, in bytes: a rule of CEL may put the request's own values into it. */
const MAX_VIOLATION_TEXT_BYTES = 256;

/**
 * What a client is told of a request that breaks rules, `found` being the first violation or all of them:
 * `invalid_argument` with the first one, and as many as have room as a detail.
 */
export function refusal(result: ValidationResult, found: "first" | "all"): ConnectError {
  const [first, ...others] = result.violations ?? [];
  if (first === undefined) {
    const reason = result.error?.message ?? "the request cannot be checked against its rules";
    return new ConnectError(boundedText(reason), Code.InvalidArgument, undefined, undefined, result.error);
  }
  const refused = new ConnectError(sentence(first, others.length, found), Code.InvalidArgument);
  const violations = fitting([first, ...others].slice(0, MAX_DETAILS));
  if (violations.length > 0) refused.details.push(detailOf(create(ViolationsSchema, { violations })));
  return refused;
}

/** In bytes, so that they are made once: they are measured, and then sent. Connect alone shows a detail as JSON, too. */
function detailOf(violations: Violations): ConnectError["details"][number] {
  return {
    type: ViolationsSchema.typeName,
    value: toBinary(ViolationsSchema, violations),
    get debug() {
      return toJson(ViolationsSchema, violations);
    },
  };
}

function sentence(first: Violation, others: number, found: "first" | "all"): string {
  const path = boundedText(pathToString(first.field), MAX_VIOLATION_TEXT_BYTES);
  const text = boundedText(`${first.message} [${first.ruleId}]`, MAX_VIOLATION_TEXT_BYTES);
  const more = others === 0 ? "" : `, and ${others} more violation${others > 1 ? "s" : ""}`;
  return `${path === "" ? "" : `${path}: `}${text}${found === "first" ? ", and maybe more violations" : more}`;
}

/** Each is told whole or left out. */
function fitting(violations: readonly Violation[]): ViolationProto[] {
  let left = MAX_DETAIL_BYTES;
  return violations
    .filter(hasShortKeys)
    .map((violation) => {
      const [proto] = violationToProto(violation);
      if (proto.message !== "") proto.message = boundedText(proto.message, MAX_VIOLATION_TEXT_BYTES);
      return proto;
    })
    .filter((proto, _index, { length }) => {
      // A few never take as much.
      if (length <= MAX_UNMEASURED) return true;
      left -= toBinary(ViolationSchema, proto).byteLength;
      return left >= 0;
    });
}

/** Violations that fit whatever they are, short keys and deep paths aside: see `MAX_VIOLATION_TEXT_BYTES`. */
const MAX_UNMEASURED = 3;

/** The path through a map holds the key, which may be as large as the request. */
function hasShortKeys({ field }: Violation): boolean {
  return field.every(
    (part) =>
      part.kind !== "map_sub" || typeof part.key !== "string" || part.key.length <= MAX_VIOLATION_TEXT_BYTES,
  );
}
