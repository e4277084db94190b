import assert from "node:assert/strict";
import { it } from "node:test";
import { type Source, sources } from "./source.ts";

/** Where tables are, and the list that drizzle-kit reads them from. */
const rooms = [
  { tables: "src/services/**/table.ts", schema: "src/services/schema.ts" },
  { tables: "src/runrpc/platform/**/table.ts", schema: "src/runrpc/platform/schema.ts" },
] as const;

for (const { tables, schema } of rooms)
  it(`every table of ${tables} is in ${schema}, or no migration makes it`, () => {
    const found = sources(tables);
    assert.notEqual(found.length, 0, "there is no table");
    assert.deepEqual(missingIn(found, sources(schema)[0] ?? { path: schema, text: "" }), []);
  });

it("a table that the list forgets is named, with the line that is missing", () => {
  const table = (path: string, text: string): Source => ({ path, text });
  const found = [
    table("src/services/a/table.ts", "export const as = sqliteTable(\n"),
    table("src/services/b/table.ts", "export const bs = sqliteTable(\nexport const more = sqliteTable(\n"),
    table("src/services/c/table.ts", "export const cs = sqliteTable(\n"),
  ];
  const list = table(
    "src/services/schema.ts",
    'export { as } from "./a/table.ts";\nexport { bs } from "./b/table.ts";\nexport * from "./c/table.ts";\n',
  );
  assert.deepEqual(missingIn(found, list), ['export { more } from "./b/table.ts";']);
});

it("no folder of a service has its tables in a file of another name", () => {
  const others = sources("src/services/**/!(table).ts").filter(({ text }) => /\bsqliteTable\(/.test(text));
  assert.deepEqual(
    others.map(({ path }) => path),
    [],
  );
});

/** The lines that the list lacks. */
function missingIn(tables: readonly Source[], list: Source): string[] {
  return tables.flatMap(({ path, text }) => {
    const place = `./${path
      .split("/")
      .slice(list.path.split("/").length - 1)
      .join("/")}`;
    const statement = new RegExp(`^export (\\*|\\{([^}]*)\\}) from "${place.replaceAll(".", "\\.")}";`, "m");
    const [, what, names = ""] = statement.exec(list.text) ?? [];
    if (what === "*") return [];
    const listed = names.split(",").map((name) => name.trim());
    return [...text.matchAll(/^export const (\w+) = sqliteTable\(/gm)]
      .map(([, name = ""]) => name)
      .filter((name) => !listed.includes(name))
      .map((name) => `export { ${name} } from "${place}";`);
  });
}
