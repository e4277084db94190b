import type { Command } from "commander";
import type { LoadedConfig } from "../config/config.ts";
import { type ConfigField, configFields } from "../config/fields.ts";
import { withoutPassword } from "../url.ts";
import { addConfigOptions, loadConfigOf } from "./config-options.ts";
import { formatTable, type Io } from "./io.ts";

/** `runrpc config`: prints each value and where it came from. */
export function configure(command: Command, io: Io): void {
  addConfigOptions(command);
  command
    .option("--json", "a JSON array with the value, source, flag and variable of each")
    .addHelpText("after", notes)
    .action(async () => {
      const loaded = await loadConfigOf(command, io);
      const { checkConfig } = await import("../app/check-config.ts");
      checkConfig(loaded);
      io.stdout.write(command.opts<{ json?: boolean }>().json ? asJson(loaded) : asTable(loaded));
    });
}

const notes = `
Takes the flags of \`runrpc serve\`, and so shows what it would run with. A password in a URL is shown as ***.

Examples:
  runrpc config
  runrpc config --config production.yaml --json
`;

function asTable(loaded: LoadedConfig): string {
  const rows = configFields.map((field) => [
    field.path,
    JSON.stringify(shownValue(field, loaded)),
    loaded.sources.get(field.path) ?? "",
  ]);
  return `${formatTable([["NAME", "VALUE", "SOURCE"], ...rows])}\n`;
}

function asJson(loaded: LoadedConfig): string {
  const entries = configFields.map((field) => ({
    name: field.path,
    value: shownValue(field, loaded),
    source: loaded.sources.get(field.path),
    flag: `--${field.flags[0]}`,
    environment: field.variables[0],
  }));
  return `${JSON.stringify(entries, null, 2)}\n`;
}

function shownValue({ group, field }: ConfigField, { config }: LoadedConfig): unknown {
  // Paths are those of the schema, so the group is one of its groups and the value one of the group's.
  const groups = config as unknown as Record<string, Record<string, unknown>>;
  const value = groups[group]?.[field.localName];
  return typeof value === "string" ? withoutPassword(value) : value;
}
