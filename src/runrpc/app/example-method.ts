import { create, type DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { ServiceDefinition } from "../server/routes/service.ts";
import { createValidation } from "../server/routes/validation.ts";

/**
 * A method to try a server with: the first unary one that changes nothing and takes an empty request, such as
 * `users.v1.UserService/ListUsers`; undefined where there is none.
 */
export function exampleMethodOf(services: readonly ServiceDefinition[]): string | undefined {
  const method = services.flatMap(({ service }) => service.methods).find(isExample);
  return method === undefined ? undefined : `${method.parent.typeName}/${method.name}`;
}

const checkFor = createValidation();

function isExample(method: DescMethod): boolean {
  if (method.methodKind !== "unary") return false;
  if (method.idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS) return false;
  try {
    checkFor(method)?.(create(method.input));
    return true;
  } catch {
    return false;
  }
}
