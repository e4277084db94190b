import type { Node } from "typescript/unstable/ast";
import type { Type } from "typescript/unstable/sync";
import { importsOf, nodesOf, type Source } from "./source.ts";
import type { TypeScriptProject } from "./typescript.ts";

/** A member of an implementation, as it is written. */
export interface Handler {
  readonly name: string;
  /** Whether it takes a stream and gives one; undefined where that cannot be told. */
  readonly takesStream: boolean | undefined;
  readonly givesStream: boolean | undefined;
  /** Whether it is a skeleton that is still to be written. */
  readonly isSkeleton: boolean;
  /** Whether nobody outside of its class reaches it, or it is no function. */
  readonly isPrivate: boolean;
}

/** The members of an object literal or a class that have a name. */
export function handlersOf(
  typescript: TypeScriptProject,
  source: Source,
  members: Iterable<Node>,
): readonly Handler[] {
  const skeletons = skeletonCalls(typescript, source);
  return [...members].flatMap((member) => handlerOf(typescript, source, member, skeletons) ?? []);
}

function handlerOf(
  typescript: TypeScriptProject,
  source: Source,
  member: Node & { readonly name?: Node; readonly initializer?: Node; readonly modifiers?: Iterable<Node> },
  skeletons: RegExp | undefined,
): Handler | undefined {
  const { checker, is, api } = typescript;
  const symbol = member.name && checker.getSymbolAtLocation(member.name);
  if (symbol === undefined || member.name === undefined) return undefined;
  const textOf = (node: Node) => source.text.slice(source.startOf(node), source.endOf(node));
  const type = checker.getTypeOfSymbol(symbol);
  const [signature] = type === undefined ? [] : checker.getSignaturesOfType(type, api.SignatureKind.Call);
  const returned = signature && checker.getReturnTypeOfSignature(signature);
  const body = is.isFunctionLikeDeclaration(member) ? member : member.initializer;
  const [first] = body !== undefined && is.isFunctionLikeDeclaration(body) ? body.parameters : [];
  const isSkeleton = member.initializer !== undefined && skeletons?.test(textOf(member.initializer)) === true;
  const modifiers = [...(member.modifiers ?? [])].map(textOf);
  return {
    name: symbol.name,
    takesStream: first === undefined ? undefined : isStreamOf(typescript, first, body),
    givesStream: isSkeleton || returned === undefined ? undefined : isAsyncIterable(typescript, returned),
    isSkeleton,
    isPrivate:
      signature === undefined ||
      is.isPrivateIdentifier(member.name) ||
      modifiers.some((modifier) => /^(?:private|protected|static)$/.test(modifier)),
  };
}

/** Whether a handler treats its first parameter as a stream: by its type where that is written, else by what it does with it. */
function isStreamOf(
  typescript: TypeScriptProject,
  parameter: Node & { readonly name: Node; readonly type?: Node },
  body: Node | undefined,
): boolean | undefined {
  const { checker, is } = typescript;
  if (parameter.type !== undefined) {
    const type = checker.getTypeAtLocation(parameter.type);
    return type && isAsyncIterable(typescript, type);
  }
  if (is.isObjectBindingPattern(parameter.name)) return false;
  if (!is.isIdentifier(parameter.name) || body === undefined) return undefined;
  const { text: name } = parameter.name;
  for (const node of nodesOf(body)) {
    if (is.isForOfStatement(node) && node.awaitModifier !== undefined && is.isIdentifier(node.expression)) {
      if (node.expression.text === name) return true;
    }
    if (
      is.isPropertyAccessExpression(node) &&
      is.isIdentifier(node.expression) &&
      node.expression.text === name
    )
      return false;
  }
  return undefined;
}

function isAsyncIterable({ checker }: TypeScriptProject, type: Type): boolean | undefined {
  const properties = checker.getPropertiesOfType(type);
  if (properties.length === 0) return undefined;
  return properties.some(({ escapedName }) => String(escapedName).startsWith("__@asyncIterator"));
}

/** What a call of `skeleton` of `runrpc` looks like in a file; undefined where it does not import it. */
function skeletonCalls(typescript: TypeScriptProject, source: Source): RegExp | undefined {
  const names = importsOf(typescript, source)
    .filter(({ specifier }) => specifier === "runrpc")
    .flatMap(({ names: all }) => all?.members ?? [])
    .filter(({ imported }) => imported === "skeleton");
  return names[0] && new RegExp(`^${names[0].local}\\s*\\(`);
}
