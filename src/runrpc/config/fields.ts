import { availableParallelism } from "node:os";
import { type DescField, type DescMessage, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import {
  type FieldRules,
  field as rulesOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { ConfigSchema } from "../../../gen/runrpc/config/v1/config_pb.ts";
import { production_default, takes_auto } from "../../../gen/runrpc/config/v1/defaults_pb.ts";

/** One value of the configuration, with the names that it goes by. All of it is read from the descriptors. */
export interface ConfigField {
  /** Such as `limits.max_connections`. */
  readonly path: string;
  readonly group: string;
  readonly groupType: DescMessage;
  readonly field: DescField;
  readonly kind: "boolean" | "number" | "text" | "list";
  readonly defaultValue: boolean | number | string | readonly string[];
  /** The default when NODE_ENV is `production`, where that is another one. */
  readonly productionDefault: boolean | number | undefined;
  /** Flags without their dashes; the first is the one that help shows. */
  readonly flags: readonly [string, ...string[]];
  /** Variables; the first is the one that help shows. */
  readonly variables: readonly [string, ...string[]];
  /** The texts it takes, where those are all that it takes; empty otherwise. */
  readonly choices: readonly string[];
  /** What the text `auto` stands for on this machine; undefined where it is none that the value takes. */
  readonly auto: number | undefined;
  /** What it takes, in words: `a whole number from 0 to 65535`. */
  readonly takes: string;
}

/** Groups whose leaf is a good name by itself. In the others the group's name comes first. */
const bareGroups: readonly string[] = ["server", "limits", "timeouts"];

/** The leaf that a group is mostly about, and so goes by the group's name too: `--log errors`. */
const mainLeaves: Readonly<Record<string, string>> = {
  log: "mode",
  database: "url",
  metrics: "enabled",
  monitor: "enabled",
  web: "enabled",
  workers: "count",
};

/** Every value of the configuration, in the order of the schema. */
export const configFields: readonly ConfigField[] = ConfigSchema.fields.flatMap((group) => {
  if (group.fieldKind !== "message") throw new Error(`${group.toString()} is not a group of values`);
  return group.message.fields.map((field) => describeField(group.name, group.message, field));
});

/** The groups, in the order of the schema. */
export const configGroups: readonly string[] = ConfigSchema.fields.map((group) => group.name);

function describeField(group: string, groupType: DescMessage, field: DescField): ConfigField {
  const { kind, defaultValue } = kindOf(field);
  const rules = getOption(field, rulesOption);
  const long = bareGroups.includes(group) ? field.name : `${group}_${field.name}`;
  const names: [string, ...string[]] = mainLeaves[group] === field.name ? [group, long] : [long];
  const map = (change: (name: string) => string) => names.map(change) as [string, ...string[]]; // as long as names
  return {
    path: `${group}.${field.name}`,
    group,
    groupType,
    field,
    kind,
    defaultValue,
    productionDefault: productionDefaultOf(field, kind),
    flags: map((name) => name.replaceAll("_", "-")),
    variables: map((name) => `RUNRPC_${name.toUpperCase()}`),
    choices: rules.type.case === "string" ? rules.type.value.in : [],
    auto: autoOf(field, rules),
    takes: describeValues(kind, rules, hasOption(field, takes_auto)),
  };
}

function autoOf(field: DescField, rules: FieldRules): number | undefined {
  return hasOption(field, takes_auto) ? Math.min(availableParallelism(), rangeOf(rules).to) : undefined;
}

function productionDefaultOf(field: DescField, kind: ConfigField["kind"]): boolean | number | undefined {
  if (!hasOption(field, production_default)) return undefined;
  const value = getOption(field, production_default);
  return kind === "boolean" ? value === 1 : value;
}

function kindOf(field: DescField): Pick<ConfigField, "kind" | "defaultValue"> {
  if (field.fieldKind === "list" && field.scalar === ScalarType.STRING) {
    return { kind: "list", defaultValue: [] };
  }
  if (field.fieldKind === "scalar") {
    const defaultValue = field.getDefaultValue();
    if (field.scalar === ScalarType.BOOL) return { kind: "boolean", defaultValue: defaultValue === true };
    if (field.scalar === ScalarType.UINT32)
      return { kind: "number", defaultValue: Number(defaultValue ?? 0) };
    if (field.scalar === ScalarType.STRING) return { kind: "text", defaultValue: String(defaultValue ?? "") };
  }
  throw new Error(
    `${field.toString()}: the configuration holds bool, uint32, string and repeated string only`,
  );
}

function describeValues(kind: ConfigField["kind"], rules: FieldRules, takesAuto: boolean): string {
  if (kind === "boolean") return "true or false";
  if (kind === "list") return "a list";
  if (rules.type.case === "string" && rules.type.value.in.length > 0) return oneOf(rules.type.value.in);
  if (kind === "text") return rules.type.case === "string" ? "text that is not empty" : "text";
  const { from, to } = rangeOf(rules);
  return `${takesAuto ? "auto or " : ""}a whole number from ${from} to ${to}`;
}

function rangeOf(rules: FieldRules): { readonly from: number; readonly to: number } {
  const least = rules.type.case === "uint32" ? rules.type.value.greaterThan : undefined;
  const greatest = rules.type.case === "uint32" ? rules.type.value.lessThan : undefined;
  return {
    from: least?.case === "gte" ? least.value : 0,
    to: greatest?.case === "lte" ? greatest.value : 4_294_967_295,
  };
}

function oneOf(values: readonly string[]): string {
  return `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}
