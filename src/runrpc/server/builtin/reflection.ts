import type { DescService } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import {
  ServerReflection,
  type ServerReflectionRequest,
} from "../../../../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  ServerReflection as ServerReflectionAlpha,
  type ServerReflectionRequest as ServerReflectionRequestAlpha,
} from "../../../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { defineService, type ServiceDefinition } from "../routes/service.ts";
import { createDescriptorIndex, type DescriptorIndex } from "./descriptor-index.ts";

type Request = ServerReflectionRequest | ServerReflectionRequestAlpha;

/** An answer in the fields that both versions have. */
type Answer =
  | { case: "listServicesResponse"; value: { service: { name: string }[] } }
  | { case: "fileDescriptorResponse"; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: "allExtensionNumbersResponse"; value: { baseTypeName: string; extensionNumber: number[] } }
  | { case: "errorResponse"; value: { errorCode: Code; errorMessage: string } };

/**
 * Server reflection, v1 and v1alpha (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md), for
 * these services and for reflection itself, from the descriptors in memory.
 *
 * A file is answered with all that it imports: the file itself first (clients take the first one for the
 * answer), then its imports, each before what it imports itself. An import travels once in a stream.
 */
export function createReflection(
  services: readonly DescService[],
  policy: { readonly isPublic: boolean },
): readonly ServiceDefinition[] {
  const index = createDescriptorIndex([...services, ServerReflection, ServerReflectionAlpha]);

  // The two versions have the same fields, so what answers one answers the other.
  async function* serverReflectionInfo<R extends Request>(requests: AsyncIterable<R>) {
    const sent = new Set<string>();
    for await (const request of requests) {
      const messageResponse = answer(index, request.messageRequest, sent);
      yield { validHost: request.host, originalRequest: request, messageResponse };
    }
  }

  return [
    defineService(ServerReflection, { serverReflectionInfo }, policy),
    defineService(ServerReflectionAlpha, { serverReflectionInfo }, policy),
  ];
}

function answer(index: DescriptorIndex, request: Request["messageRequest"], sent: Set<string>): Answer {
  switch (request.case) {
    case "listServices":
      return {
        case: "listServicesResponse",
        value: { service: index.services.map((name) => ({ name })) },
      };
    case "fileByFilename":
      return files(index, index.hasFile(request.value) ? request.value : undefined, request.value, sent);
    case "fileContainingSymbol":
      return files(index, index.fileOfSymbol(request.value), request.value, sent);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = request.value;
      const file = index.fileOfExtension(containingType, extensionNumber);
      return files(index, file, `extension ${extensionNumber} of ${containingType}`, sent);
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = index.extensionNumbers(request.value);
      if (extensionNumber === undefined) return notFound(request.value);
      return {
        case: "allExtensionNumbersResponse",
        value: { baseTypeName: request.value, extensionNumber: [...extensionNumber] },
      };
    }
    case undefined:
      return failure(Code.InvalidArgument, "the request names nothing to look up");
  }
}

function files(index: DescriptorIndex, name: string | undefined, wanted: string, sent: Set<string>): Answer {
  if (name === undefined) return notFound(wanted);
  // The answer itself travels even when it was sent before: a client would take an empty list for a fault.
  const names = index.withImports(name).filter((file) => file === name || !sent.has(file));
  for (const file of names) sent.add(file);
  return {
    case: "fileDescriptorResponse",
    value: { fileDescriptorProto: names.map((file) => index.bytes(file)) },
  };
}

function notFound(wanted: string): Answer {
  return failure(Code.NotFound, `not found: ${wanted}`);
}

function failure(errorCode: Code, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}
