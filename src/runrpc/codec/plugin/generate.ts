import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  maximumEdition,
  minimumEdition,
} from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import {
  type CodeGeneratorRequest,
  type CodeGeneratorResponse,
  CodeGeneratorResponse_Feature,
  CodeGeneratorResponseSchema,
  type FileDescriptorProto,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { type FileOptions, fileSource, indexSource } from "./file-source.ts";
import { hasPrototype } from "./message-source.ts";
import { calledBy } from "./wire.ts";

/** The files of google/protobuf that protobuf-es brings, by their names. */
const broughtAlong: ReadonlyMap<string, FileDescriptorProto> = new Map(
  Object.values(wkt).flatMap((value) =>
    typeof value === "object" && "kind" in value && value.kind === "file"
      ? [[value.proto.name, value.proto] as const]
      : [],
  ),
);

/** Writes the codecs of what the services of the asked files take and give, and of all that these messages hold. */
export function generate(request: CodeGeneratorRequest): CodeGeneratorResponse {
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: filesOf(request) }));
  const asked = request.fileToGenerate.flatMap((name) => registry.getFile(name) ?? []);
  const messages = messagesOf(asked);
  const options = { ...parsed(request.parameter), messages };
  const byFile = Map.groupBy(messages, ({ file }) => file.name);
  const files = [...byFile].map(([name, held]) => ({
    name: `${name}_codec.ts`,
    content: fileSource(name, held, options),
  }));
  const index = { name: "codecs.ts", content: indexSource([...byFile.keys()], options) };
  return create(CodeGeneratorResponseSchema, {
    supportedFeatures: BigInt(
      CodeGeneratorResponse_Feature.PROTO3_OPTIONAL | CodeGeneratorResponse_Feature.SUPPORTS_EDITIONS,
    ),
    minimumEdition,
    maximumEdition,
    file: [...files, index].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  });
}

/**
 * The files, those of google/protobuf that nobody asked to be generated as protobuf-es brings them: the compiler may know a later version,
 * with more fields.
 */
function filesOf({ fileToGenerate, protoFile }: CodeGeneratorRequest): FileDescriptorProto[] {
  return protoFile.map((file) =>
    fileToGenerate.includes(file.name) ? file : (broughtAlong.get(file.name) ?? file),
  );
}

/**
 * Options, as in `buf.gen.yaml`: `import_extension`, `ts` or `js`, default `ts`; `runtime`, the module of what the codecs call,
 * default `runrpc/codec`.
 *
 * @throws Error that names an option which is none.
 */
function parsed(parameter: string): Pick<FileOptions, "extension" | "runtime"> {
  let extension = ".ts";
  let runtime = "runrpc/codec";
  for (const option of parameter.split(",").filter((text) => text !== "")) {
    const [name, value = ""] = option.split("=");
    if (name === "import_extension" && (value === "ts" || value === "js")) extension = `.${value}`;
    else if (name === "runtime" && value !== "") runtime = value;
    else throw new Error(`${option} is no option: there are import_extension=ts|js and runtime=<module>`);
  }
  return { extension, runtime };
}

/**
 * The messages that get a codec, in the order in which they are declared, so that what is written depends on the contracts alone.
 *
 * One of which nobody knows where its schema is generated gets none, and neither does what holds it: protobuf-es reads and writes
 * them. Such is `buf.validate.Violations`, which a package brings.
 */
function messagesOf(files: readonly DescFile[]): ReadonlySet<DescMessage> {
  const found = new Set<DescMessage>();
  const visit = (desc: DescMessage): void => {
    if (found.has(desc)) return;
    found.add(desc);
    for (const message of heldBy(desc)) visit(message);
  };
  for (const { services } of files)
    for (const { methods } of services)
      for (const { input, output } of methods) [input, output].forEach(visit);
  const isKnown = ({ file }: DescMessage) => files.includes(file) || broughtAlong.has(file.proto.name);
  let left = [...found].filter((desc) => isKnown(desc) || !hasPrototype(desc));
  for (let count = found.size; left.length < count; ) {
    count = left.length;
    const able = new Set(left);
    left = left.filter((desc) => heldBy(desc).every((message) => able.has(message)));
  }
  return new Set(left);
}

function heldBy({ fields }: DescMessage): readonly DescMessage[] {
  return fields.flatMap((field) => calledBy(field) ?? []);
}
