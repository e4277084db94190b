import { type DescField, getOption } from "@bufbuild/protobuf";
import { ConfigSchema } from "../../gen/runrpc/config/v1/config_pb.ts";
import { type Need, needs } from "../../gen/runrpc/config/v1/defaults_pb.ts";

/** Another value, by which the one that was given has no effect. */
export interface UnmetNeed {
  /** Such as `metrics.enabled`. */
  readonly path: string;
  /** How it is, in words: `metrics.enabled is false`. */
  readonly text: string;
}

/**
 * Looks for what keeps a value of the configuration from having an effect, by what its schema says (`needs`). Undefined:
 * nothing does, or the value is one that switches its own part off: false, 0, an empty text or list.
 *
 * @param config groups of the configuration, each with all of its values; what another group says is not judged by.
 */
export function unmetNeedOf(field: DescField, config: object): UnmetNeed | undefined {
  const needed = getOption(field, needs);
  if (needed.length === 0 || isNothing(valueIn(config, field))) return undefined;
  for (const need of needed) {
    const other = valueAt(config, need.path);
    if (other !== undefined && !isMet(need, other))
      return { path: need.path, text: `${need.path} is ${shown(other)}` };
  }
  return undefined;
}

function isMet({ off, unlike, above }: Need, value: unknown): boolean {
  if (above > 0) return Number(value) > above;
  if (unlike !== "") return !String(value).startsWith(unlike);
  return isNothing(value) === off;
}

function isNothing(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : !value;
}

function shown(value: unknown): string {
  return value === "" || Array.isArray(value) ? "empty" : String(value);
}

function valueAt(config: object, path: string): unknown {
  const [group = "", name = ""] = path.split(".");
  const found = ConfigSchema.fields.find((field) => field.name === group);
  const leaf = found?.message?.fields.find((field) => field.name === name);
  if (leaf === undefined) throw new Error(`the configuration has no ${path}`);
  return valueIn(config, leaf);
}

function valueIn(config: object, leaf: DescField): unknown {
  const group = ConfigSchema.fields.find(({ message }) => message === leaf.parent);
  const values = (config as Record<string, unknown>)[group?.localName ?? ""]; // groups by name, see above
  return (values as Record<string, unknown> | undefined)?.[leaf.localName];
}
