import { types } from "node:util";
import type { DescMethod, DescService, Registry } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { closest } from "../../closest.ts";
import { createExcess, type Excess } from "./excess.ts";
import { type Check, createHandler, type Handler, type Keep } from "./handler.ts";
import { createMessageRegistry } from "./message-registry.ts";
import { type Policy, type PolicyDefaults, policyOf } from "./policy.ts";
import { methodPath, type ServiceDefinition } from "./service.ts";

/** One method that is served, with all that a lane needs to serve it. */
export interface Route {
  readonly path: string;
  /** The full name of the service. */
  readonly service: string;
  readonly method: DescMethod;
  readonly policy: Policy;
  /** The handler behind its interceptors. */
  readonly handler: Handler;
  /** Undefined where requests are not checked, or hold no list or map of a bounded size. */
  readonly excess?: Excess | undefined;
}

export interface Routes {
  readonly services: readonly DescService[];
  /** The types that a google.protobuf.Any may hold in JSON: those of the services' files and of what these import. */
  readonly registry: Registry;
  find(path: string): Route | undefined;
  readonly all: readonly Route[];
}

/** Options of `createRoutes`. */
export interface RoutesOptions {
  readonly definitions: readonly ServiceDefinition[];
  readonly defaults: PolicyDefaults;
  /** For one method: the first is the outermost. */
  readonly interceptorsFor: (method: DescMethod) => readonly Interceptor[];
  /** What holds the requests of one method against the rules of its schema; undefined where there are none. Default: none. */
  readonly checkFor?: (method: DescMethod) => Check | undefined;
  /** What is told of the requests of one method; undefined where nobody is. Default: nobody. */
  readonly keepFor?: (method: DescMethod, registry: Registry) => Keep | undefined;
  /** An answer with a field that its message does not have fails its call. Default: false. */
  readonly strictAnswers?: boolean;
}

/**
 * Joins descriptors, options, implementations and interceptors to the one table that both lanes are fed from.
 *
 * @throws Error when nothing is served, when a service is there twice, when a method has no implementation, or when an
 *   implementation has a method that the proto does not have.
 */
export function createRoutes(options: RoutesOptions): Routes {
  const { definitions, defaults, interceptorsFor, checkFor, keepFor, strictAnswers = false } = options;
  if (definitions.length === 0) throw new Error("no service is registered: pass at least one to `services`");
  const byPath = new Map<string, Route>();
  const services: DescService[] = [];
  const registry = createMessageRegistry(definitions.map(({ service }) => service));
  for (const definition of definitions) {
    const { service, implementation, policy } = definition;
    if (services.some(({ typeName }) => typeName === service.typeName)) {
      throw new Error(`the service ${service.typeName} is registered twice: leave one of them out`);
    }
    services.push(service);
    checkNames(definition);
    for (const method of service.methods) {
      const implemented = implementation[method.localName];
      if (typeof implemented !== "function") {
        throw new Error(
          `${service.typeName}.${method.name} is not implemented: add \`${method.localName}\` to its object`,
        );
      }
      const path = methodPath(method);
      const check = checkFor?.(method);
      byPath.set(path, {
        path,
        service: service.typeName,
        method,
        policy: policyOf(method, defaults, policy),
        handler: createHandler(method, implemented.bind(implementation), {
          interceptors: interceptorsFor(method),
          check,
          strictAnswers,
          bytes: definition.bytes?.[method.localName],
          keep: keepFor?.(method, registry),
        }),
        excess: check && createExcess(method.input, check, registry),
      });
    }
  }
  return {
    services,
    registry,
    find: (path) => byPath.get(path),
    all: [...byPath.values()],
  };
}

/**
 * Refuses a function that no method of the proto goes by: most likely a method that was renamed there, or mistyped here,
 * and nobody would ever call it. Plain objects alone are judged: what helps a service stays outside its object, or has a
 * name that begins with `_`, and the service may be an instance of a class or a module, with helpers of any name.
 */
function checkNames({ service, implementation }: ServiceDefinition): void {
  const prototype: unknown = Object.getPrototypeOf(implementation);
  const isPlain =
    prototype === Object.prototype || (prototype === null && !types.isModuleNamespaceObject(implementation));
  if (!isPlain) return;
  const known = service.methods.map(({ localName }) => localName);
  for (const [name, value] of Object.entries(implementation)) {
    if (typeof value !== "function" || known.includes(name) || name.startsWith("_")) continue;
    const near = closest(name, known);
    const advice = near === undefined ? `it has ${known.join(", ")}` : `did you mean ${near}?`;
    throw new Error(`${service.typeName} has no method for \`${name.slice(0, 100)}\`: ${advice}`);
  }
}
