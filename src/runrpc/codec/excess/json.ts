import { MAP_VALUE, type SizeRule, type SizeRules } from "./size-rules.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * What was parsed of the JSON of a message, without the elements that are behind the first `enough` of a list or map. The
 * same value where there are none. As for bytes, what broke a size rule breaks it without these as well.
 */
export function shortenedJson(json: unknown, rules: SizeRules): unknown {
  if (!isObject(json)) return json;
  let shortened: Record<string, unknown> | undefined;
  for (const rule of rules.fields.values())
    for (const name of rule.names) {
      if (!Object.hasOwn(json, name)) continue;
      const value = shortenedField(json[name], rule);
      if (value === json[name]) continue;
      shortened ??= { ...json };
      shortened[name] = value;
    }
  return shortened ?? json;
}

function shortenedField(json: unknown, { kind, enough, inner }: SizeRule): unknown {
  switch (kind) {
    case "message":
      return inner === undefined ? json : shortenedJson(json, inner);
    case "list": {
      if (!Array.isArray(json)) return json;
      const first = json.length > enough ? json.slice(0, enough) : json;
      return inner === undefined ? first : shortenedEach(first, inner);
    }
    case "map": {
      const valueRules = inner?.fields.get(MAP_VALUE)?.inner;
      if (!isObject(json) || (valueRules === undefined && Object.keys(json).length <= enough)) return json;
      const entries = Object.entries(json);
      const first = entries.length > enough ? entries.slice(0, enough) : entries;
      const values = first.map(([, value]) => value);
      const shortened = valueRules === undefined ? values : shortenedEach(values, valueRules);
      if (first === entries && shortened === values) return json;
      return Object.fromEntries(first.map(([key], at) => [key, shortened[at]]));
    }
  }
}

/** The same array where no element is shortened. */
function shortenedEach(values: readonly unknown[], rules: SizeRules): readonly unknown[] {
  let shortened: unknown[] | undefined;
  values.forEach((value, at) => {
    const less = shortenedJson(value, rules);
    if (less === value) return;
    shortened ??= [...values];
    shortened[at] = less;
  });
  return shortened ?? values;
}

function isObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
