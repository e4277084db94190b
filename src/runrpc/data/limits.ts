import { DataError } from "./data-error.ts";

/** The least and the greatest value of a limit. */
export type Range = readonly [min: number, max: number];

/**
 * Fills in the defaults of limits that are whole numbers. Throws an `invalid_argument` DataError that holds the value and the
 * bound, or the unknown name.
 */
export function resolveLimits<Name extends string>(
  given: Partial<Record<string, number | undefined>>,
  defaults: Readonly<Record<Name, number>>,
  ranges: Readonly<Record<Name, Range>>,
): Record<Name, number> {
  for (const name of Object.keys(given)) {
    if (!(name in defaults)) throw new DataError("invalid_argument", `unknown store option ${name}`);
  }
  const limits: Record<Name, number> = { ...defaults };
  for (const name of Object.keys(ranges) as Name[]) {
    // Object.keys of a full record gives its keys.
    const value = given[name] ?? defaults[name];
    const [min, max] = ranges[name];
    if (!Number.isInteger(value) || value < min) {
      throw new DataError(
        "invalid_argument",
        `${name} ${value} is below the minimum of ${min}, or not a whole number`,
      );
    }
    if (value > max)
      throw new DataError("invalid_argument", `${name} ${value} is above the maximum of ${max}`);
    limits[name] = value;
  }
  return limits;
}
