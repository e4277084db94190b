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
import { exportsFrom, identifiersOf, importsOf, openSource } from "./source.ts";
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
  const { service, module, generated, prefix } = names;
  const contract = `${specifierOf(posix.dirname(main), gen)}/${generated}${extension}`;
  const implementation = `${specifierOf(posix.dirname(main), room)}/service${extension}`;
  const plan = (taken: ReadonlySet<string>, queries: string, define: string) => {
    const described = importOf(taken, service, `${prefix}${service}`, contract);
    const made = importOf(taken, `create${service}`, `create${prefix}${service}`, implementation);
    return {
      imports: [described, made],
      element: `${define}(${described.local}, ${made.local}(${queries}.${module}))`,
    };
  };
  const usual = plan(new Set(), "queries", "defineService");
  return {
    path: main,
    advice: [...usual.imports.map(({ line }) => line), `${usual.element}, // in its services`].join("\n"),
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
      const { imports, element } = plan(identifiersOf(typescript, source), queries, define.local);
      return [
        ...define.insertions,
        ...imports.flatMap((wanted) => insertImport(source.text, statements, wanted)),
        ...insertions,
        ...insertMembers(source.text, braces, [element], { lineWidth }),
      ];
    },
  };
}

/** An import of one name, by another one where something else in the file has it. */
function importOf(taken: ReadonlySet<string>, name: string, other: string, specifier: string) {
  const local = taken.has(name) ? other : name;
  if (taken.has(local)) throw new Error(`it has something called ${name} already, and a ${other}`);
  const imported = local === name ? name : `${name} as ${local}`;
  return { specifier, local, line: `import { ${imported} } from "${specifier}";` };
}

function modulesPart({
  project: { folder },
  names: { module, room, one, One },
  services,
  extension,
  lineWidth,
}: ServicePlaces): Part {
  const specifier = `./${room}/queries${extension}`;
  const plan = (taken: ReadonlySet<string>) => {
    const imported = importOf(taken, `${one}Queries`, `${module}${One}Queries`, specifier);
    return { ...imported, member: `${module}: ${imported.local}` };
  };
  const { line, member } = plan(new Set());
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
      const own = plan(identifiersOf(typescript, source));
      return [
        ...insertImport(source.text, importsOf(typescript, source), own),
        ...insertMembers(source.text, braces, [own.member], { lineWidth }),
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
      if (identifiersOf(typescript, source).has(many))
        throw new Error(`it has something called ${many} already`);
      const statements = exportsFrom(typescript, source);
      if (statements.length > 0) return insertImport(source.text, statements, { specifier, line });
      // Nothing is exported yet: behind what the file says of itself.
      const { eol } = styleOf(source.text);
      const gap = source.text === "" || source.text.endsWith("\n") ? "" : eol;
      return [{ at: source.text.length, text: `${gap}${line}${eol}` }];
    },
  };
}
