import { nameOf } from "./routes/initializer.ts";
import type { ServerOptions } from "./server-options.ts";

const FUNCTIONS = ["mapError", "onRecord", "probe"] as const;

/**
 * Looks at the options that are code, which a program in JavaScript may mistake: what is no function would fail call by call.
 *
 * @throws Error that names the option, and what it takes.
 */
export function checkOptionValues(options: ServerOptions): void {
  checkList("services", options.services, isService, "what `defineService` gives");
  checkList("interceptors", options.interceptors ?? [], isFunction, "a function");
  for (const name of FUNCTIONS) {
    const value = options[name];
    if (value !== undefined && !isFunction(value))
      throw new Error(`${name} is ${nameOf(value)}; it takes a function`);
  }
}

function checkList(name: string, list: unknown, isGood: (value: unknown) => boolean, expected: string): void {
  if (!Array.isArray(list)) throw new Error(`${name} is ${nameOf(list)}; it takes a list`);
  const bad = list.findIndex((value) => !isGood(value));
  if (bad !== -1) throw new Error(`${name}[${bad}] is ${nameOf(list[bad])}; it takes ${expected}`);
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

function isService(value: unknown): boolean {
  return typeof value === "object" && value !== null && "service" in value && "implementation" in value;
}
