import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import type { Insertion } from "../edits.ts";
import { insertImport } from "../insert-import.ts";
import { insertMembers } from "../insert-members.ts";
import { insertName } from "../insert-name.ts";
import { styleOf } from "../text-style.ts";
import { findModules, findServiceList } from "./app-places.ts";
import type { Changes } from "./changes.ts";
import { advise, Unsure } from "./plan.ts";
import { extended, type ServicePlaces, specifierOf } from "./service-places.ts";
import { exportsFrom, importsOf, openSource } from "./source.ts";
import type { TypeScriptProject } from "./typescript.ts";

/**
 * Plans the lines by which an application knows a new service: in the list of its services, its queries and its tables.
 *
 * @throws Unsure where one of the files is written in another way
 */
export function register(changes: Changes, places: ServicePlaces, typescript: TypeScriptProject): void {
  const parts: readonly Part[] = [mainPart(places), modulesPart(places), schemaPart(places)];
  const reasons: string[] = [];
  for (const { path, make, insertions } of parts) {
    if (!existsSync(join(places.project.folder, path))) {
      if (make === undefined) reasons.push(`there is no ${path}`);
      else changes.create(path, make);
      continue;
    }
    try {
      changes.edit(path, insertions(typescript));
    } catch (error) {
      reasons.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (reasons.length > 0)
    throw new Unsure(
      reasons,
      parts.map(({ path, advice }) => advise(`in ${path}`, advice)),
    );
}

/** A file that an application knows its services by. */
interface Part {
  readonly path: string;
  /** The file, where the project has none; undefined where it has to have one. */
  readonly make?: string;
  readonly advice: string;
  readonly insertions: (typescript: TypeScriptProject) => readonly Insertion[];
}

function mainPart({
  project: { folder, main },
  names,
  room,
  gen,
  extension,
  lineWidth,
}: ServicePlaces): Part {
  const { service, module, generated } = names;
  const contract = `${specifierOf(posix.dirname(main), gen)}/${generated}${extension}`;
  const implementation = `${specifierOf(posix.dirname(main), room)}/service${extension}`;
  const imports = [
    { specifier: contract, line: `import { ${service} } from "${contract}";` },
    { specifier: implementation, line: `import { create${service} } from "${implementation}";` },
  ];
  const element = (queries: string, define: string) =>
    `${define}(${service}, create${service}(${queries}.${module}))`;
  return {
    path: main,
    advice: [
      ...imports.map(({ line }) => line),
      `${element("queries", "defineService")}, // in its services`,
    ].join("\n"),
    insertions(typescript) {
      const source = openSource(typescript, join(folder, main));
      const statements = importsOf(typescript, source);
      const { braces, queries, insertions } = findServiceList(typescript, source);
      const define = insertName(source.text, statements, {
        specifier: "runrpc",
        name: "defineService",
        other: "defineRunrpcService",
        lineWidth,
      });
      return [
        ...define.insertions,
        ...imports.flatMap((wanted) => insertImport(source.text, statements, wanted)),
        ...insertions,
        ...insertMembers(source.text, braces, [element(queries, define.local)], { lineWidth }),
      ];
    },
  };
}

function modulesPart({
  project: { folder },
  names: { module, room, one },
  services,
  extension,
  lineWidth,
}: ServicePlaces): Part {
  const specifier = `./${room}/queries${extension}`;
  const line = `import { ${one}Queries } from "${specifier}";`;
  const member = `${module}: ${one}Queries`;
  const path = `${services}/queries.ts`;
  return {
    path,
    advice: `${line}\n${member}, // in its modules`,
    make: `${line}

/** Every query that the workers serve, under the name by which the services are given its module. */
export const modules = { ${member} };

/** \`defineApp<Modules>\` types the queries with this; importing the type loads no database. */
export type Modules = typeof modules;
`,
    insertions(typescript) {
      const source = openSource(typescript, join(folder, path));
      const { braces, names } = findModules(typescript, source);
      if (names.includes(module)) throw new Error(`its modules have a ${module} already`);
      return [
        ...insertImport(source.text, importsOf(typescript, source), { specifier, line }),
        ...insertMembers(source.text, braces, [member], { lineWidth }),
      ];
    },
  };
}

function schemaPart({
  project: { folder },
  names: { many, room },
  services,
  extension,
}: ServicePlaces): Part {
  const specifier = `./${room}/table${extension}`;
  const line = `export { ${many} } from "${specifier}";`;
  const path = `${services}/schema.ts`;
  return {
    path,
    advice: line,
    make: extended(`// The tables, for drizzle-kit.\n${line}\n`, extension),
    insertions(typescript) {
      const source = openSource(typescript, join(folder, path));
      const statements = exportsFrom(typescript, source);
      if (statements.length > 0) return insertImport(source.text, statements, { specifier, line });
      // Nothing is exported yet: behind what the file says of itself.
      const { eol } = styleOf(source.text);
      const gap = source.text === "" || source.text.endsWith("\n") ? "" : eol;
      return [{ at: source.text.length, text: `${gap}${line}${eol}` }];
    },
  };
}
