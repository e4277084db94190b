import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { closest, didYouMean } from "../../closest.ts";
import { usageError } from "../io.ts";

/** The service and method that were typed. */
export interface Target {
  readonly service: string;
  /** Undefined when only a service was named. */
  readonly method: string | undefined;
}

/**
 * Reads `users.v1.UserService/GetUser`, with or without a slash before it, `UserService/GetUser`,
 * `users.v1.UserService.GetUser`, or a service alone.
 *
 * @param services full names of the services that the server has.
 * @throws CommandFailure (usage) with a suggestion, when the server has no such service, or several
 */
export function findTarget(typed: string, services: readonly string[]): Target {
  const text = typed.replace(/^\//, "");
  const slash = text.indexOf("/");
  if (slash >= 0)
    return { service: findService(text.slice(0, slash), services), method: text.slice(slash + 1) };
  const dot = text.lastIndexOf(".");
  const front = text.slice(0, Math.max(dot, 0));
  const isDotted = matching(text, services).length === 0 && matching(front, services).length === 1;
  if (isDotted) return { service: findService(front, services), method: text.slice(dot + 1) };
  return { service: findService(text, services), method: undefined };
}

/** A method of a service by its name, as the schema or as JavaScript writes it. @throws CommandFailure (usage) with a suggestion */
export function findMethod(service: DescService, name: string): DescMethod {
  const found = service.methods.find((method) => method.name === name || method.localName === name);
  if (found !== undefined) return found;
  const names = service.methods.map((method) => method.name);
  const suggestion = didYouMean(closest(name, names)) || `; it has ${names.join(", ")}`;
  throw usageError(`${service.typeName} has no method ${name}${suggestion}`);
}

function findService(name: string, services: readonly string[]): string {
  const found = matching(name, services);
  if (found.length > 1) throw usageError(`${name} could be ${found.join(" or ")}: name its package too`);
  if (found[0] !== undefined) return found[0];
  const lastPart = (full: string) => full.slice(full.lastIndexOf(".") + 1);
  const byLastPart = new Map(services.map((full) => [lastPart(full), full]));
  const near = closest(name, services) ?? byLastPart.get(closest(lastPart(name), byLastPart.keys()) ?? "");
  throw usageError(
    `the server has no service ${name}${didYouMean(near) || "; write Service/Method, and `runrpc call` alone lists the services"}`,
  );
}

function matching(name: string, services: readonly string[]): string[] {
  if (name === "" || services.includes(name)) return name === "" ? [] : [name];
  return services.filter((full) => full.endsWith(`.${name}`));
}
