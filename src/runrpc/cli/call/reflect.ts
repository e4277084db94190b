import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMethodBiDiStreaming,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import {
  ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  type ServerReflectionResponseSchema,
} from "../../../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../../gen/grpc/reflection/v1alpha/reflection_pb.ts";

/** What a server tells of itself. */
export interface Reflection {
  /** Full names of services, in alphabetical order. */
  listServices(): Promise<readonly string[]>;
  /** The types of the file that declares a service or message, and of all that it imports. */
  describe(symbol: string): Promise<FileRegistry>;
}

/** How a reflection call is sent. */
export interface ReflectionOptions {
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

type Question = ServerReflectionRequest["messageRequest"];
type Answer = ServerReflectionResponse["messageResponse"];
type ReflectionMethod = DescMethodBiDiStreaming<
  typeof ServerReflectionRequestSchema,
  typeof ServerReflectionResponseSchema
>;

/** A server that does not answer such a small question within this time is taken for dead, in milliseconds. */
const timeoutMs = 10_000;

const v1: ReflectionMethod = ServerReflection.method.serverReflectionInfo;
/** The two versions differ in the name of their package alone, so v1's messages serve for both. */
const v1alpha: ReflectionMethod = { ...v1, parent: ServerReflectionAlpha };

/** Files that servers may leave out, because every protobuf runtime has them. */
const wellKnownFiles: readonly DescFile[] = [
  file_google_protobuf_any,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

/** Reads a server's reflection service: v1, or v1alpha where v1 is not there. Methods reject with ConnectError. */
export function createReflectionClient(transport: Transport, options: ReflectionOptions): Reflection {
  const ask = createAsk(transport, options);
  return {
    async listServices() {
      const answer = await ask({ case: "listServices", value: "" });
      if (answer.case !== "listServicesResponse") throw unexpected(answer);
      return answer.value.service.map((service) => service.name).sort();
    },
    async describe(symbol) {
      const files = new Map<string, FileDescriptorProto>();
      const [first] = addFiles(files, await ask({ case: "fileContainingSymbol", value: symbol }));
      if (first === undefined) throw new ConnectError(`reflection has no file for ${symbol}`, Code.NotFound);
      for (let missing = missingImport(files); missing !== undefined; missing = missingImport(files)) {
        addFiles(files, await ask({ case: "fileByFilename", value: missing }));
        if (!files.has(missing)) throw new ConnectError(`reflection does not send ${missing}`, Code.NotFound);
      }
      return readable(() => createFileRegistry(first, (name) => files.get(name) ?? wellKnownFile(name)));
    },
  };
}

/** Asks one question a stream: a handful of streams on one connection is simpler than sharing one. */
function createAsk(transport: Transport, { headers, signal }: ReflectionOptions) {
  let method = v1;
  return async function ask(question: Question): Promise<Answer> {
    const request = create(ServerReflectionRequestSchema, { messageRequest: question });
    try {
      const response = await transport.stream(method, signal, timeoutMs, headers, once(request));
      for await (const { messageResponse } of response.message) return rejectErrors(messageResponse);
      throw new ConnectError("reflection ended without an answer", Code.Internal);
    } catch (error) {
      if (method === v1alpha || ConnectError.from(error).code !== Code.Unimplemented) throw error;
      method = v1alpha;
      return ask(question);
    }
  };
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

function rejectErrors(answer: Answer): Answer {
  // Reflection numbers its codes as gRPC does, which Connect's are too.
  if (answer.case === "errorResponse")
    throw new ConnectError(answer.value.errorMessage, answer.value.errorCode);
  return answer;
}

function unexpected(answer: Answer): ConnectError {
  return new ConnectError(`reflection answered with ${answer.case ?? "nothing"}`, Code.Internal);
}

/** Reads what a server sent. @throws ConnectError where it is none of what it should be: a fault of the server's */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (reason) {
    const { rawMessage } = ConnectError.from(reason);
    throw new ConnectError(`reflection sent files that cannot be read: ${rawMessage}`, Code.Internal);
  }
}

/** Adds the files of an answer and returns them. A file that is known stays as it is. */
function addFiles(files: Map<string, FileDescriptorProto>, answer: Answer): FileDescriptorProto[] {
  if (answer.case !== "fileDescriptorResponse") throw unexpected(answer);
  const { fileDescriptorProto } = answer.value;
  const added = readable(() =>
    fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes)),
  );
  for (const file of added) if (!files.has(file.name)) files.set(file.name, file);
  return added;
}

function missingImport(files: ReadonlyMap<string, FileDescriptorProto>): string | undefined {
  return [...files.values()]
    .flatMap((file) => file.dependency)
    .find((name) => !files.has(name) && wellKnownFile(name) === undefined);
}

function wellKnownFile(name: string): DescFile | undefined {
  return wellKnownFiles.find((file) => file.proto.name === name);
}
