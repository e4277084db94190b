import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  maximumEdition,
  minimumEdition,
} from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  type CodeGeneratorResponse,
  CodeGeneratorResponse_Feature,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { type FileOptions, fileSource, indexSource } from "./file-source.ts";
import { calledBy } from "./wire.ts";

/** Writes the codecs of what the services of the asked files take and give, and of all that these messages hold. */
export function generate(request: CodeGeneratorRequest): CodeGeneratorResponse {
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: request.protoFile }));
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

/** In the order in which they are declared, so that what is written depends on the contracts alone. */
function messagesOf(files: readonly DescFile[]): ReadonlySet<DescMessage> {
  const found = new Set<DescMessage>();
  const visit = (desc: DescMessage): void => {
    if (found.has(desc)) return;
    found.add(desc);
    for (const field of desc.fields) {
      const message = calledBy(field);
      if (message !== undefined) visit(message);
    }
  };
  for (const { services } of files)
    for (const { methods } of services)
      for (const { input, output } of methods) [input, output].forEach(visit);
  return found;
}
