import { inspect } from "node:util";
import { checkOptionNames } from "../option-names.ts";

const IS = {
  "a function": (value: unknown) => typeof value === "function",
  "a list": Array.isArray,
  'a URL: new URL("./worker.ts", import.meta.url)': isUrl,
  'a URL: new URL("./services/migrations/", import.meta.url)': isUrl,
} as const;

/** What an option takes. */
export type OptionType = keyof typeof IS;

/**
 * Looks an application over, for whoever starts it without having run the compiler: `interceptor` would leave out those that say who
 * may call.
 *
 * @param options all that there are; `services` alone has to be there.
 * @throws Error for an option that there is not, and for one of another type.
 */
export function checkDefinition(definition: object, options: Readonly<Record<string, OptionType>>): void {
  checkOptionNames("defineApp", definition, Object.keys(options));
  const given = definition as Readonly<Record<string, unknown>>; // its names are those of the options
  for (const [name, type] of Object.entries(options)) {
    const value = given[name];
    if (value === undefined ? name !== "services" : IS[type](value)) continue;
    throw new Error(`defineApp: ${name} is ${shown(value)}; it takes ${type}`);
  }
}

/** Also one of another realm, as some runners of tests have it. */
function isUrl(value: unknown): boolean {
  return typeof value === "object" && value !== null && "href" in value;
}

function shown(value: unknown): string {
  return inspect(value, { depth: 0 }).slice(0, 100);
}
