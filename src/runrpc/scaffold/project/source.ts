import type { Node, SourceFile } from "typescript/unstable/ast";
import type { ImportStatement } from "../insert-import.ts";
import type { NamedImport } from "../insert-name.ts";
import type { TypeScriptProject } from "./typescript.ts";

/** A file of a project: what it means, and its text as it is on the disk. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: SourceFile;
  /** Where a node begins, without the comments before it, in the text as it is on the disk. */
  startOf(node: Node): number;
  endOf(node: Node): number;
}

/**
 * A file of the project with its text.
 *
 * @throws Error where the project has no such file, or where it does not parse.
 */
export function openSource(typescript: TypeScriptProject, path: string): Source {
  const text = typescript.textOf(path);
  const tree = typescript.program.getSourceFile(path);
  if (tree === undefined)
    throw new Error(`${path} is no file of the TypeScript project: see "include" in its tsconfig.json`);
  const [problem] = typescript.program.getSyntacticDiagnostics(path);
  if (problem !== undefined) throw new Error(`${path} does not parse: ${problem.text}`);
  // TypeScript's text has no byte order mark; its places count without it.
  const shift = text.length - tree.text.length;
  if (text.slice(shift) !== tree.text || !/^\ufeff?$/.test(text.slice(0, shift)))
    throw new Error(`${path} is read by TypeScript as another text than it is`);
  return {
    path,
    text,
    tree,
    startOf: (node) => node.getStart(tree) + shift,
    endOf: (node) => node.end + shift,
  };
}

/** The import statements at the top of a file, in their order. */
export function importsOf({ is }: TypeScriptProject, source: Source): readonly NamedImport[] {
  const { tree } = source;
  return tree.statements.flatMap((statement) => {
    if (!is.isImportDeclaration(statement) || !is.isStringLiteral(statement.moduleSpecifier)) return [];
    const bindings = statement.importClause?.namedBindings;
    const clause = statement.importClause;
    const isValue = clause !== undefined && !isTypeOnly(source, clause);
    const names =
      isValue && bindings !== undefined && is.isNamedImports(bindings)
        ? {
            separator: "," as const,
            open: source.startOf(bindings),
            close: source.endOf(bindings) - 1,
            members: bindings.elements.map((element) => ({
              imported: (element.propertyName ?? element.name).text,
              local: element.name.text,
              isType: element.isTypeOnly,
              start: source.startOf(element),
              end: source.endOf(element),
            })),
          }
        : undefined;
    return [
      {
        specifier: statement.moduleSpecifier.text,
        start: source.startOf(statement),
        end: source.endOf(statement),
        names,
      },
    ];
  });
}

/** The statements `export … from "…"` of a file, in their order. */
export function exportsFrom({ is }: TypeScriptProject, source: Source): readonly ImportStatement[] {
  return source.tree.statements.flatMap((statement) => {
    if (!is.isExportDeclaration(statement)) return [];
    const { moduleSpecifier } = statement;
    if (moduleSpecifier === undefined || !is.isStringLiteral(moduleSpecifier)) return [];
    return [
      { specifier: moduleSpecifier.text, start: source.startOf(statement), end: source.endOf(statement) },
    ];
  });
}

/** Every name that a file uses, of whatever it is. */
export function identifiersOf({ is }: TypeScriptProject, { tree }: Source): ReadonlySet<string> {
  return new Set([...nodesOf(tree)].filter((node) => is.isIdentifier(node)).map(({ text }) => text));
}

/** Every node below one, itself included. */
export function* nodesOf(node: Node): Generator<Node, void, undefined> {
  yield node;
  const children: Node[] = [];
  node.forEachChild((child) => {
    children.push(child);
    return undefined;
  });
  for (const child of children) yield* nodesOf(child);
}

/** `import type { … }`, which can hold no value. */
function isTypeOnly({ text, startOf }: Source, clause: Node): boolean {
  return /^type\b(?!\s*(?:,|from\b))/.test(text.slice(startOf(clause)));
}
