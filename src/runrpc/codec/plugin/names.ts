import type { DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";

/** The type of what generated code looks at before it uses it. */
export const ANY = "any";

/** What a message is called within its file: `Outer_Inner`, as protoc-gen-es calls it. */
export function shortName(desc: DescMessage): string {
  return desc.parent === undefined ? desc.name : `${shortName(desc.parent)}_${desc.name}`;
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
