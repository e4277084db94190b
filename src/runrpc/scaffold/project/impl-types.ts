import type { Node } from "typescript/unstable/ast";
import type { Type } from "typescript/unstable/sync";
import type { GeneratedService } from "./generated.ts";
import type { TypeScriptProject } from "./typescript.ts";

/**
 * Types of the project's own that stand for the implementation of a service, by their numbers in the compiler:
 * `type Parcels = ServiceImpl<typeof ParcelService>`, and interfaces that extend it.
 */
export function implTypesOf(
  typescript: TypeScriptProject,
  service: GeneratedService,
): ReadonlySet<Type["id"]> {
  const { checker, files, is, program, textOf } = typescript;
  const ids = new Set<Type["id"]>();
  for (const file of files) {
    if (!/\bServiceImpl\b/.test(textOf(file))) continue;
    for (const statement of program.getSourceFile(file)?.statements ?? []) {
      if (!is.isTypeAliasDeclaration(statement) && !is.isInterfaceDeclaration(statement)) continue;
      const written = is.isTypeAliasDeclaration(statement)
        ? [statement.type]
        : (statement.heritageClauses ?? []).flatMap((clause) =>
            is.isHeritageClause(clause) ? [...clause.types] : [],
          );
      const type = written.some((node) => namesImpl(typescript, node, service))
        ? checker.getTypeAtLocation(statement.name)
        : undefined;
      if (type !== undefined) ids.add(type.id);
    }
  }
  return ids;
}

/** Whether a type is written as `ServiceImpl<typeof Service>`. */
function namesImpl({ checker, is }: TypeScriptProject, node: Node, service: GeneratedService): boolean {
  const name = is.isTypeReferenceNode(node)
    ? node.typeName
    : is.isExpressionWithTypeArguments(node)
      ? node.expression
      : undefined;
  if (name === undefined || !is.isIdentifier(name) || name.text !== "ServiceImpl") return false;
  const { typeArguments: [argument] = [] } = node as Node & { readonly typeArguments?: Iterable<Node> }; // both kinds have them
  return argument !== undefined && checker.getTypeAtLocation(argument)?.id === service.type.id;
}
