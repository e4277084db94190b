// The table of options, made from the schema. `node test/readme/options-table.ts` writes it.
import { readFileSync, writeFileSync } from "node:fs";
import { type DescField, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import { ConfigSchema } from "../../gen/runrpc/config/v1/config_pb.ts";
import { production_default } from "../../gen/runrpc/config/v1/defaults_pb.ts";
import { configTexts } from "../../src/runrpc/config/texts.ts";

const page = new URL("../../docs/options.md", import.meta.url);
const markers = ["<!-- options:start -->", "<!-- options:end -->"] as const;

/** The table as the schema has it: one row for each value, in the schema's order. */
export function optionsTable(): string {
  const rows = ConfigSchema.fields.flatMap((group) =>
    (group.message?.fields ?? []).map((field) => {
      const path = `${group.name}.${field.name}`;
      const inProduction = hasOption(field, production_default)
        ? `, in production \`${productionDefaultOf(field)}\``
        : "";
      return `| \`${path}\` | \`${defaultOf(field)}\`${inProduction} | ${configTexts[path] ?? ""} |`;
    }),
  );
  return ["| value | default | what it is |", "|---|---|---|", ...rows].join("\n");
}

/** The table that docs/options.md has. */
export function writtenTable(): string {
  const [before, after] = markers;
  const text = readFileSync(page, "utf8");
  return text.slice(text.indexOf(before) + before.length, text.indexOf(after)).trim();
}

function defaultOf(field: DescField): string {
  if (field.fieldKind === "list") return "[]";
  const value = field.fieldKind === "scalar" ? (field.getDefaultValue() ?? zeroOf(field)) : "";
  return JSON.stringify(value);
}

function productionDefaultOf(field: DescField): unknown {
  const value = getOption(field, production_default);
  return field.scalar === ScalarType.BOOL ? value === 1 : value;
}

function zeroOf(field: DescField): unknown {
  const value = field.fieldKind === "scalar" ? String(field.scalar) : "";
  return value === "9" ? "" : 0;
}

if (import.meta.main) {
  const text = readFileSync(page, "utf8");
  const [before, after] = markers;
  const start = text.indexOf(before) + before.length;
  writeFileSync(page, `${text.slice(0, start)}\n${optionsTable()}\n${text.slice(text.indexOf(after))}`);
}
