import type { Type } from "typescript/unstable/sync";
import type { DescribedKind } from "../method-text.ts";
import type { TypeScriptProject } from "./typescript.ts";

/** A service in the generated code. */
export interface GeneratedService {
  /** The file, absolute. */
  readonly file: string;
  /** What it is exported as. */
  readonly exportName: string;
  /** Its type, which `typeof ParcelService` is. */
  readonly type: Type;
  /** The kinds of its methods by their local names: what the generated code says, which may be behind the proto. */
  readonly kinds: ReadonlyMap<string, DescribedKind>;
}

/** The services of the generated code that the project has, by their full names. protoc-gen-es writes these above each. */
export function generatedServices(typescript: TypeScriptProject): ReadonlyMap<string, GeneratedService> {
  const found = new Map<string, GeneratedService>();
  for (const file of typescript.files.filter((name) => /_pb\.(?:d\.)?[cm]?[jt]s$/.test(name))) {
    const text = typescript.textOf(file);
    for (const [, name = "", exportName = ""] of text.matchAll(serviceComment)) {
      const type = typeOfExport(typescript, file, exportName);
      if (type !== undefined && !found.has(name))
        found.set(name, { file, exportName, type, kinds: kindsOf(typescript, type) });
    }
  }
  return found;
}

const serviceComment = /@generated from service (\S+)\s[\s\S]*?\*\/\s*export (?:declare )?const ([\w$]+)/g;

function typeOfExport(
  { program, checker, is }: TypeScriptProject,
  file: string,
  name: string,
): Type | undefined {
  for (const statement of program.getSourceFile(file)?.statements ?? []) {
    if (!is.isVariableStatement(statement)) continue;
    for (const declaration of statement.declarationList.declarations) {
      if (!is.isIdentifier(declaration.name) || declaration.name.text !== name) continue;
      const symbol = checker.getSymbolAtLocation(declaration.name);
      return symbol && checker.getTypeOfSymbol(symbol);
    }
  }
  return undefined;
}

/** `GenService<{ getParcel: { methodKind: "unary"; … } }>` as a map. */
function kindsOf({ checker }: TypeScriptProject, type: Type): ReadonlyMap<string, DescribedKind> {
  const kinds = new Map<string, DescribedKind>();
  const [shape] = type.getAliasTypeArguments();
  if (shape === undefined) return kinds;
  for (const property of checker.getPropertiesOfType(shape)) {
    const method = checker.getTypeOfSymbol(property);
    const kind = method && checker.getPropertyOfType(method, "methodKind");
    const literal = kind && checker.getTypeOfSymbol(kind);
    // The generated code has these four and no others.
    if (literal?.isStringLiteralType()) kinds.set(property.name, literal.value as DescribedKind);
  }
  return kinds;
}
