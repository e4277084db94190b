import type { ClassLikeDeclaration, Node, ObjectLiteralExpression } from "typescript/unstable/ast";
import type { Type } from "typescript/unstable/sync";
import type { Braces } from "../insert-members.ts";
import type { GeneratedService } from "./generated.ts";
import { type Handler, handlersOf } from "./handlers.ts";
import { implTypesOf } from "./impl-types.ts";
import { nodesOf, openSource, type Source } from "./source.ts";
import type { TypeScriptProject } from "./typescript.ts";

/** Where a service is implemented: an object literal or a class whose type is said to be its `ServiceImpl`. */
export interface Implementation {
  readonly source: Source;
  readonly container: "object" | "class";
  readonly braces: Braces;
  /** The names of what the value has, what it spreads or inherits included. */
  readonly has: ReadonlySet<string>;
  /** Those that a spread may give or not. */
  readonly mayHave: ReadonlySet<string>;
  /** Those that are written between the braces. */
  readonly handlers: readonly Handler[];
  /** Why nothing can be inserted; undefined where it can. */
  readonly doubt: string | undefined;
}

/** The implementations of a service in the project's own files, those of tests left out. */
export function findImplementations(
  typescript: TypeScriptProject,
  service: GeneratedService,
): readonly Implementation[] {
  const files = typescript.files.filter(isImplementationFile);
  // A service that is called as a message has a `$` behind its name.
  const named = new RegExp(`\\b${service.exportName.replaceAll("$", "\\$")}(?![\\w$])`);
  const [likely, others] = [files.filter((file) => named.test(typescript.textOf(file))), [] as string[]];
  if (likely.length < files.length) others.push(...files.filter((file) => !likely.includes(file)));
  const ids = implTypesOf(typescript, service);
  const find = (paths: readonly string[]) =>
    paths.flatMap((file) => implementationsIn(typescript, file, service, ids));
  const found = find(likely);
  return found.length > 0 ? found : find(others);
}

/** Whether a file may implement something: it is not generated, and no test, whose fakes are nobody's implementation. */
export function isImplementationFile(file: string): boolean {
  return !/_pb\.(?:d\.)?[cm]?[jt]s$|\.d\.[cm]?ts$/.test(file) && !isTest(file);
}

function isTest(file: string): boolean {
  return /\/(?:tests?|__tests__|bench|e2e|spec)\/|\.(?:test|spec)\.[cm]?[jt]sx?$/.test(file);
}

/** The implementations of a service in one file. */
export function implementationsIn(
  typescript: TypeScriptProject,
  file: string,
  service: GeneratedService,
  ids: ReadonlySet<Type["id"]> = implTypesOf(typescript, service),
): readonly Implementation[] {
  const tree = typescript.program.getSourceFile(file);
  if (tree === undefined) return [];
  const { is } = typescript;
  const found: Implementation[] = [];
  const open = () => openSource(typescript, file);
  const isImpl = (type: Type | undefined) =>
    type !== undefined && (ids.has(type.id) || isImplOf(type, service));
  for (const node of nodesOf(tree)) {
    if (is.isObjectLiteralExpression(node) && isImpl(typescript.checker.getContextualType(node)))
      found.push(ofObject(typescript, open(), node));
    if (is.isClassLikeDeclaration(node) && implementsService(typescript, node, isImpl))
      found.push(ofClass(typescript, open(), node));
  }
  return found;
}

/** Whether a type is `ServiceImpl<typeof Service>`. */
function isImplOf(type: Type, service: GeneratedService): boolean {
  if (type.getAliasSymbol()?.name !== "ServiceImpl") return false;
  return type.getAliasTypeArguments()[0]?.id === service.type.id;
}

function implementsService(
  { checker, is }: TypeScriptProject,
  node: ClassLikeDeclaration,
  isImpl: (type: Type | undefined) => boolean,
): boolean {
  const types =
    node.heritageClauses?.flatMap((clause) => (is.isHeritageClause(clause) ? [...clause.types] : [])) ?? [];
  return types.some((type) => isImpl(checker.getTypeAtLocation(type)));
}

function ofObject(
  typescript: TypeScriptProject,
  source: Source,
  node: ObjectLiteralExpression,
): Implementation {
  const { checker, is, api } = typescript;
  const own = checker.getTypeAtLocation(node);
  const isAny = (type: Type | undefined) => type === undefined || (type.flags & api.TypeFlags.Any) !== 0;
  const spreads = node.properties.filter((property) => is.isSpreadAssignment(property));
  const unknown = spreads.find((spread) => isAny(checker.getTypeAtLocation(spread.expression)));
  const computed = node.properties.some((property) => hasUnknownName(typescript, property));
  return {
    source,
    container: "object",
    braces: {
      separator: ",",
      open: source.startOf(node),
      close: source.endOf(node) - 1,
      members: node.properties.map((property) => rangeOf(source, property)),
    },
    ...namesOf(typescript, own),
    handlers: handlersOf(typescript, source, node.properties),
    doubt:
      unknown !== undefined
        ? `${source.text.slice(source.startOf(unknown), source.endOf(unknown))} is of type any, so that nobody knows what it gives`
        : computed
          ? "a member has a name that is computed"
          : isAny(own)
            ? "its type is any"
            : undefined,
  };
}

function ofClass(typescript: TypeScriptProject, source: Source, node: ClassLikeDeclaration): Implementation {
  const { checker, api, is } = typescript;
  const at = checker.getTypeAtLocation(node);
  const [made] = at === undefined ? [] : checker.getSignaturesOfType(at, api.SignatureKind.Construct);
  const instance =
    is.isClassDeclaration(node) || made === undefined ? at : checker.getReturnTypeOfSignature(made);
  const shift = source.text.length - source.tree.text.length;
  return {
    source,
    container: "class",
    braces: {
      separator: "",
      open: node.members.pos + shift - 1,
      close: source.endOf(node) - 1,
      members: node.members.map((member) => rangeOf(source, member)),
    },
    ...namesOf(typescript, instance),
    handlers: handlersOf(typescript, source, node.members),
    doubt: undefined,
  };
}

function namesOf({ checker, api }: TypeScriptProject, type: Type | undefined) {
  const properties = type === undefined ? [] : checker.getPropertiesOfType(type);
  const isOptional = ({ flags }: { readonly flags: number }) => (flags & api.SymbolFlags.Optional) !== 0;
  return {
    has: new Set(properties.map(({ name }) => name)),
    mayHave: new Set(properties.filter(isOptional).map(({ name }) => name)),
  };
}

function hasUnknownName({ checker }: TypeScriptProject, member: Node & { readonly name?: Node }): boolean {
  return member.name !== undefined && checker.getSymbolAtLocation(member.name) === undefined;
}

function rangeOf(source: Source, node: Node) {
  return { start: source.startOf(node), end: source.endOf(node) };
}
