import { clone, type DescFile, type Registry, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";

/**
 * Makes a function that gives a file with its comments: that of the contracts which has the same name and says the same. Any
 * other one is given as it is, as comments are told by where they stand.
 */
export function createCommentedFiles(
  contracts: Registry | undefined,
): (file: DescFile) => FileDescriptorProto {
  const known = new Map<string, FileDescriptorProto>();
  const add = ({ proto, dependencies }: DescFile): void => {
    if (known.has(proto.name)) return;
    known.set(proto.name, proto);
    dependencies.forEach(add);
  };
  for (const type of contracts ?? []) add(type.file);
  return ({ proto }) => {
    const commented = known.get(proto.name);
    return commented !== undefined && isSame(proto, commented) ? commented : proto;
  };
}

function isSame(one: FileDescriptorProto, other: FileDescriptorProto): boolean {
  const [a, b] = [one, other].map((proto) => Buffer.from(toBinary(FileDescriptorProtoSchema, bare(proto))));
  return a !== undefined && b !== undefined && a.equals(b);
}

/** Without what generated code does not have: comments, and names in JSON that follow from those of the fields. */
function bare(proto: FileDescriptorProto): FileDescriptorProto {
  const copy = clone(FileDescriptorProtoSchema, proto);
  delete copy.sourceCodeInfo;
  copy.messageType.forEach(withoutJsonNames);
  for (const field of copy.extension) field.jsonName = "";
  return copy;
}

function withoutJsonNames(message: DescriptorProto): void {
  for (const field of [...message.field, ...message.extension]) field.jsonName = "";
  message.nestedType.forEach(withoutJsonNames);
}
