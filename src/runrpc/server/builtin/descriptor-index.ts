import { type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";

/** What can be looked up in the descriptors of a set of services. Files go by name, such as `users/v1/users.proto`. */
export interface DescriptorIndex {
  /** Full names of the services, sorted. */
  readonly services: readonly string[];
  hasFile(name: string): boolean;
  /** The file that declares this full name: service, method, message, field, oneof, enum, enum value or extension. */
  fileOfSymbol(fullName: string): string | undefined;
  fileOfExtension(extendee: string, number: number): string | undefined;
  /** Sorted, and empty for a message without extensions; undefined when there is no such message. */
  extensionNumbers(message: string): readonly number[] | undefined;
  /** The file, then all that it imports, each file before its own imports. */
  withImports(name: string): readonly string[];
  /** The file as a serialized FileDescriptorProto. */
  bytes(name: string): Uint8Array;
}

/** Reads the files of the services and all files that these import. */
export function createDescriptorIndex(services: readonly DescService[]): DescriptorIndex {
  const files = new Map<string, DescFile>();
  for (const { file } of services) collect(file, files);
  const symbols = new Map<string, string>();
  const extensions = new Map<string, Map<number, string>>();
  for (const file of files.values()) indexFile(file, symbols, extensions);
  const encoded = new Map<string, Uint8Array>();

  return {
    services: [...new Set(services.map((service) => service.typeName))].sort(),
    hasFile: (name) => files.has(name),
    fileOfSymbol: (fullName) => symbols.get(fullName),
    fileOfExtension: (extendee, number) => extensions.get(extendee)?.get(number),
    extensionNumbers(message) {
      const numbers = extensions.get(message);
      if (numbers === undefined) return undefined;
      return [...numbers.keys()].sort((a, b) => a - b);
    },
    withImports(name) {
      const finished = new Set<string>();
      finish(files.get(name), files, finished);
      return [...finished].reverse();
    },
    bytes(name) {
      const known = encoded.get(name);
      if (known !== undefined) return known;
      const file = files.get(name);
      if (file === undefined) throw new Error(`there is no file ${name} among the descriptors`);
      const bytes = toBinary(FileDescriptorProtoSchema, file.proto);
      encoded.set(name, bytes);
      return bytes;
    },
  };
}

function collect(file: DescFile, files: Map<string, DescFile>): void {
  if (files.has(file.proto.name)) return;
  files.set(file.proto.name, file);
  for (const dependency of file.dependencies) collect(dependency, files);
}

/** Adds the imports of a file, then the file: reversed, that puts each file before what it imports. */
function finish(
  file: DescFile | undefined,
  files: ReadonlyMap<string, DescFile>,
  finished: Set<string>,
): void {
  if (file === undefined || finished.has(file.proto.name)) return;
  for (const { proto } of file.dependencies) finish(files.get(proto.name), files, finished);
  finished.add(file.proto.name);
}

function indexFile(
  { proto }: DescFile,
  symbols: Map<string, string>,
  extensions: Map<string, Map<number, string>>,
): void {
  const scope = proto.package === "" ? "" : `${proto.package}.`;
  const add = (name: string) => symbols.set(name, proto.name);
  for (const service of proto.service) {
    add(scope + service.name);
    for (const method of service.method) add(`${scope}${service.name}.${method.name}`);
  }
  addAll(scope, { ...proto, messages: proto.messageType });

  function addAll(within: string, parent: Nested): void {
    for (const extension of parent.extension) addExtension(within, extension);
    for (const enumeration of parent.enumType) {
      add(within + enumeration.name);
      // Enum values live beside their enum, not within it.
      for (const value of enumeration.value) add(within + value.name);
    }
    for (const message of parent.messages) {
      const name = within + message.name;
      add(name);
      numbersOf(name);
      for (const member of [...message.field, ...message.oneofDecl]) add(`${name}.${member.name}`);
      addAll(`${name}.`, { ...message, messages: message.nestedType });
    }
  }

  function addExtension(within: string, extension: FieldDescriptorProto): void {
    add(within + extension.name);
    numbersOf(extension.extendee.replace(/^\./, "")).set(extension.number, proto.name);
  }

  function numbersOf(message: string): Map<number, string> {
    const numbers = extensions.get(message) ?? new Map<number, string>();
    extensions.set(message, numbers);
    return numbers;
  }
}

/** What a file and a message hold alike. */
interface Nested {
  readonly messages: readonly DescriptorProto[];
  readonly enumType: readonly EnumDescriptorProto[];
  readonly extension: readonly FieldDescriptorProto[];
}
