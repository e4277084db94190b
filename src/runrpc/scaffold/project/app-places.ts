import type { ArrayLiteralExpression, Node, ObjectLiteralExpression } from "typescript/unstable/ast";
import type { Insertion } from "../edits.ts";
import type { Braces } from "../insert-members.ts";
import { nodesOf, type Source } from "./source.ts";
import type { TypeScriptProject } from "./typescript.ts";

/** Where an application lists its services. */
export interface ServiceList {
  readonly braces: Braces;
  /** The expression that gives the queries there. */
  readonly queries: string;
  /** What has to be inserted so that it does. */
  readonly insertions: readonly Insertion[];
}

/**
 * The list of services in the file of an application: the one array there whose elements are `ServiceDefinition`, in a
 * function that is handed its parts.
 *
 * @throws Error that says what the file lacks
 */
export function findServiceList(typescript: TypeScriptProject, source: Source): ServiceList {
  const { checker, is } = typescript;
  const lists = [...nodesOf(source.tree)].filter((node): node is ArrayLiteralExpression => {
    if (!is.isArrayLiteralExpression(node)) return false;
    const type = checker.getContextualType(node);
    return type !== undefined && /\bServiceDefinition\b/.test(checker.typeToString(type));
  });
  const [list] = lists;
  if (list === undefined) throw new Error("it has no `services: ({ queries }) => [ ... ]`");
  if (lists.length > 1) throw new Error("it has more than one list of services");
  return {
    braces: bracesOf(source, list, list.elements),
    ...queriesAt(typescript, source, list),
  };
}

/** How the queries are called in the function that a node is in. */
function queriesAt(
  { checker, is }: TypeScriptProject,
  source: Source,
  list: Node,
): Pick<ServiceList, "queries" | "insertions"> {
  let at: Node | undefined = list.parent;
  while (at !== undefined && !is.isFunctionLikeDeclaration(at)) at = at.parent;
  if (at === undefined) throw new Error("its list of services is not in a function");
  checkHasTables({ is }, source, at);
  const [parts] = at.parameters;
  if (parts === undefined) {
    const open = source.text.indexOf("(", source.startOf(at));
    if (!isMember({ is }, at, "services") || open === -1 || open > source.startOf(list))
      throw new Error("its list of services is in a function that takes nothing");
    return { queries: "queries", insertions: [{ at: open + 1, text: "{ queries }" }] };
  }
  const handed = checker.getTypeAtLocation(parts);
  if (handed === undefined || checker.getPropertyOfType(handed, "queries") === undefined)
    throw new Error("its list of services is in a function that is not handed the queries");
  const { name } = parts;
  if (is.isIdentifier(name)) return { queries: `${name.text}.queries`, insertions: [] };
  if (!is.isObjectBindingPattern(name))
    throw new Error("the function of its services takes its parts in another way");
  for (const element of name.elements) {
    const imported = element.propertyName ?? element.name;
    if (imported === undefined || !is.isIdentifier(imported) || imported.text !== "queries") continue;
    if (element.name !== undefined && is.isIdentifier(element.name))
      return { queries: element.name.text, insertions: [] };
    throw new Error("the function of its services takes the queries apart");
  }
  const [first] = name.elements;
  if (first === undefined) throw new Error("the function of its services takes none of its parts");
  return { queries: "queries", insertions: [{ at: source.startOf(first), text: "queries, " }] };
}

/** Whether a function is written as the member of an object that has this name: `services() {}` or `services: () => {}`. */
function isMember({ is }: Pick<TypeScriptProject, "is">, at: Node, wanted: string): boolean {
  const member = is.isMethodDeclaration(at) ? at : at.parent;
  if (!is.isMethodDeclaration(member) && !is.isPropertyAssignment(member)) return false;
  return is.isIdentifier(member.name) && member.name.text === wanted;
}

/** Queries need a worker, and tables migrations: an application that has neither has to get them first. */
function checkHasTables({ is }: Pick<TypeScriptProject, "is">, source: Source, services: Node): void {
  let at: Node | undefined = services.parent;
  while (at !== undefined && !is.isObjectLiteralExpression(at)) at = at.parent;
  if (at === undefined || at.properties.some((property) => is.isSpreadAssignment(property))) return;
  const text = source.text.slice(source.startOf(at), source.endOf(at));
  for (const name of ["worker", "migrations"]) {
    if (!new RegExp(`\\b${name}\\b`).test(text)) throw new Error(`its application has no \`${name}\``);
  }
}

/**
 * The braces of `const modules = { … }` in the file of an application's queries, and the names in them.
 *
 * @throws Error that says what the file lacks
 */
export function findModules(
  { is }: TypeScriptProject,
  source: Source,
): { readonly braces: Braces; readonly names: readonly string[] } {
  for (const statement of source.tree.statements) {
    if (!is.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!is.isIdentifier(name) || name.text !== "modules" || initializer === undefined) continue;
      const object = objectIn({ is }, initializer);
      if (object === undefined) break;
      const names = object.properties.flatMap((property) =>
        !is.isSpreadAssignment(property) && property.name !== undefined
          ? [
              source.text
                .slice(source.startOf(property.name), source.endOf(property.name))
                .replace(/^["']|["']$/g, ""),
            ]
          : [],
      );
      return { braces: bracesOf(source, object, object.properties), names };
    }
  }
  throw new Error("it has no `export const modules = { ... }`");
}

/** The object literal in `({ … }) as const` and `{ … } satisfies X`. */
function objectIn({ is }: Pick<TypeScriptProject, "is">, node: Node): ObjectLiteralExpression | undefined {
  if (is.isObjectLiteralExpression(node)) return node;
  if (is.isSatisfiesExpression(node) || is.isAsExpression(node) || is.isParenthesizedExpression(node))
    return objectIn({ is }, node.expression);
  return undefined;
}

function bracesOf(source: Source, node: Node, members: Iterable<Node>): Braces {
  return {
    separator: ",",
    open: source.startOf(node),
    close: source.endOf(node) - 1,
    members: [...members].map((member) => ({ start: source.startOf(member), end: source.endOf(member) })),
  };
}
