import { type Command, Option } from "commander";
import { type FlagValues, type LoadedConfig, loadConfig } from "../config/config.ts";
import { type ConfigField, configFields, configGroups } from "../config/fields.ts";
import { configTexts } from "../config/texts.ts";
import type { Io } from "./io.ts";

/**
 * Gives a command `--config` and a flag for each value of the named groups, all of them by default. The flags, their
 * kinds, defaults and texts come from the schema.
 */
export function addConfigOptions(command: Command, groups: readonly string[] = configGroups): void {
  command.option(
    "--config <file>",
    "the configuration file, YAML or JSON (default: runrpc.yaml, if there is one)",
  );
  for (const field of configFields.filter(({ group }) => groups.includes(group))) {
    for (const option of optionsOf(field)) command.addOption(option);
  }
}

/**
 * The configuration that a command with `addConfigOptions` of the same groups was given: a flag of the command's own may
 * have the name of one in another group.
 *
 * @throws ConfigError
 */
export function loadConfigOf(
  command: Command,
  io: Io,
  groups: readonly string[] = configGroups,
): Promise<LoadedConfig> {
  const given = command.opts<Record<string, string | boolean | string[] | undefined>>();
  const flags: Record<string, FlagValues[string]> = {};
  for (const field of configFields.filter(({ group }) => groups.includes(group))) {
    for (const option of optionsOf(field)) {
      const value = given[option.attributeName()];
      if (value !== undefined) flags[field.path] = value;
    }
  }
  const { config: file } = command.opts<{ config?: string }>();
  return loadConfig({ flags, env: io.env, file });
}

/** The option that help shows, then its hidden twins: the opposite switch, or the long form of a short name. */
function optionsOf(field: ConfigField): Option[] {
  const [shown, ...others] = field.flags;
  const heading = `${field.group}: ${configTexts[field.group]}`;
  const text = configTexts[field.path] ?? "";
  if (field.kind === "boolean") {
    const [name, twin] = field.defaultValue ? [`no-${shown}`, shown] : [shown, `no-${shown}`];
    const description = field.defaultValue ? `Switch off: ${text[0]?.toLowerCase()}${text.slice(1)}` : text;
    // The positive one has to come first, or commander makes true the default of the pair.
    const options = [
      new Option(`--${name}`, description).helpGroup(heading),
      new Option(`--${twin}`).hideHelp(),
    ];
    return field.defaultValue ? options.reverse() : options;
  }
  const value = { number: "n", list: "a,b", text: field.field.name.split("_").at(-1) }[field.kind];
  const choices = field.choices.length > 0 ? `${field.takes}; ` : "";
  const inProduction =
    field.productionDefault === undefined ? "" : `, in production ${field.productionDefault}`;
  const fallback = `${field.defaultValue.toString() || "none"}${inProduction}`;
  return [
    new Option(`--${shown} <${value}>`, `${text} (${choices}default: ${fallback})`).helpGroup(heading),
    ...others.map((name) => new Option(`--${name} <${value}>`).hideHelp()),
  ];
}
