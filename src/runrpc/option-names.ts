import { closest, didYouMean } from "./closest.ts";

/** What a spread of a protobuf message brings along. */
export const OF_MESSAGES: ReadonlySet<string> = new Set(["$typeName", "$unknown"]);

/**
 * Refuses what a function would overlook, where nobody runs the compiler: `limts` of `startServer`, which leaves every limit at its default.
 *
 * @param taker the function, by its name.
 * @param known the options that it has.
 * @throws Error that names the first unknown option, and the known one that was most likely meant.
 */
export function checkOptionNames(taker: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name) || OF_MESSAGES.has(name)) continue;
    const near = didYouMean(closest(name, known));
    throw new Error(
      `${name.slice(0, 100)} is not an option of ${taker}${near || `; there are ${known.join(", ")}`}`,
    );
  }
}
