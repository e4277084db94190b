import type { DescEnum, DescField, DescFile, DescMessage, DescOneof } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";

/** The type of what generated code looks at before it uses it. */
export const ANY = "any";

/** What protoc-gen-es calls the types of a file: of the types themselves, and of the values that describe them. */
interface FileNames {
  readonly types: ReadonlyMap<DescMessage | DescEnum, string>;
  readonly schemas: ReadonlyMap<DescMessage, string>;
}

/** They are asked for many times for each message. */
const namesByFile = new WeakMap<DescFile, FileNames>();

/** What a message is called within its file: `Outer_Inner`, as protoc-gen-es calls it. */
export function shortName(desc: DescMessage): string {
  return namesOf(desc.file).types.get(desc) ?? desc.name;
}

/** The value that describes a message: `Outer_InnerSchema`. */
export function schemaName(desc: DescMessage): string {
  return namesOf(desc.file).schemas.get(desc) ?? `${desc.name}Schema`;
}

function namesOf(file: DescFile): FileNames {
  let names = namesByFile.get(file);
  if (names === undefined) {
    names = fileNames(file);
    namesByFile.set(file, names);
  }
  return names;
}

/**
 * Of two things that would have one name, as `message A { message B {} }` and `message A_B {}`, or the schema of `A` and a message `ASchema`,
 * the later one gets a `$`, the next `$1`: types come first, then what describes them.
 */
function fileNames(file: DescFile): FileNames {
  const taken = new Set<string>();
  const free = (wanted: string): string => {
    let name = wanted;
    for (let n = 0; taken.has(name); n++) name = `${wanted}$${n === 0 ? "" : n}`;
    taken.add(name);
    return name;
  };
  const types = new Map<DescMessage | DescEnum, string>();
  const schemas = new Map<DescMessage, string>();
  const all = [...nestedTypes(file)];
  for (const desc of all)
    if (desc.kind === "message" || desc.kind === "enum") types.set(desc, free(plainName(desc)));
  for (const desc of all) {
    const isType = desc.kind === "message" || desc.kind === "enum";
    const name = free(isType ? `${plainName(desc)}Schema` : plainName(desc));
    if (desc.kind === "message") schemas.set(desc, name);
  }
  return { types, schemas };
}

/** The full name without the package, with `_` in place of dots. */
function plainName({ typeName, file }: { readonly typeName: string; readonly file: DescFile }): string {
  const start = file.proto.package === "" ? 0 : file.proto.package.length + 1;
  return typeName.slice(start).replaceAll(".", "_");
}

/** The variable that holds a member while its message is read. No function of the file can have that name. */
export function variable({ localName }: DescField | DescOneof): string {
  return `$${localName}`;
}

/** The property of a message. protobuf-es gives no name that is no identifier. */
export function property(object: string, { localName }: DescField | DescOneof): string {
  return `${object}.${localName}`;
}

export function quoted(text: string): string {
  return JSON.stringify(text);
}
