import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { Policy } from "./policy.ts";
import type { ServiceImpl } from "./service-impl.ts";

/** A service with its implementation, ready to be served. Made by `defineService`. */
export interface ServiceDefinition {
  readonly service: DescService;
  /** By the local name of the method, such as `getUser`. */
  readonly implementation: Readonly<Record<string, (...args: never[]) => unknown>>;
  /** Replaces what the proto options say; for published contracts that cannot carry options. */
  readonly policy: Partial<Policy>;
}

/**
 * Joins a generated service with plain functions and async generators. A method that is missing
 * does not compile, and does not start either: `startServer` names it. So it does with a function of a plain object that
 * is none of the proto's methods, unless its name begins with `_`; an instance of a class and a module may have helpers of any name.
 */
export function defineService<S extends DescService>(
  service: S,
  implementation: ServiceImpl<S>,
  policy: Partial<Policy> = {},
): ServiceDefinition {
  // ServiceImpl<S> is a record of functions by construction; its mapped type does not say so.
  const methods = implementation as unknown as ServiceDefinition["implementation"];
  return { service, implementation: methods, policy };
}

/** The path of a method: `/package.Service/Method`. */
export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}
