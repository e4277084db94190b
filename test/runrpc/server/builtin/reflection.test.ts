import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { create, createFileRegistry, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { Health } from "../../../../gen/grpc/health/v1/health_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from "../../../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { createReflection } from "../../../../src/runrpc/server/builtin/reflection.ts";
import { EventService } from "../../../gen/rig/events/v1/events_pb.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { grpcurl } from "../../../wire/tools.ts";

type Question = NonNullable<MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"]>;

/** Serves reflection on a port of its own, and gives the address. */
async function serve(t: TestContext): Promise<string> {
  const definitions = createReflection([UserService, EventService, Health], { isPublic: true });
  const server = createServer(
    connectNodeAdapter({
      routes(router) {
        // The implementation belongs to the service: defineService held one against the other.
        for (const { service, implementation } of definitions)
          router.service(service, implementation as never);
      },
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  // A TCP server's address is never a pipe name.
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Asks one after the other in one stream. */
async function ask(t: TestContext, ...questions: Question[]): Promise<ServerReflectionResponse[]> {
  const baseUrl = `http://${await serve(t)}`;
  const client = createClient(ServerReflection, createGrpcTransport({ baseUrl }));
  async function* requests() {
    for (const messageRequest of questions) yield { host: "here", messageRequest };
  }
  return Array.fromAsync(client.serverReflectionInfo(requests()));
}

/** The names of the files in an answer, or the code of the error. */
function names({ messageResponse }: ServerReflectionResponse): string[] | number | undefined {
  if (messageResponse.case === "errorResponse") return messageResponse.value.errorCode;
  if (messageResponse.case !== "fileDescriptorResponse") return undefined;
  return messageResponse.value.fileDescriptorProto.map(
    (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
  );
}

test("services are listed sorted, reflection among them", async (t) => {
  const [response] = await ask(t, { case: "listServices", value: "" });
  assert.equal(response?.validHost, "here");
  assert.equal(response?.originalRequest?.messageRequest.case, "listServices");
  assert.ok(response?.messageResponse.case === "listServicesResponse");
  assert.deepEqual(
    response.messageResponse.value.service.map(({ name }) => name),
    [
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "rig.events.v1.EventService",
      "rig.users.v1.UserService",
    ],
  );
});

test("a file comes first and with all its imports, and these suffice to build it", async (t) => {
  const [response] = await ask(t, { case: "fileByFilename", value: "rig/users/v1/users.proto" });
  assert.ok(response?.messageResponse.case === "fileDescriptorResponse");
  const file = response.messageResponse.value.fileDescriptorProto.map((bytes) =>
    fromBinary(FileDescriptorProtoSchema, bytes),
  );
  const found = file.map(({ name }) => name);
  assert.equal(found[0], "rig/users/v1/users.proto");
  assert.deepEqual(found.toSorted(), [
    "buf/validate/validate.proto",
    "google/protobuf/descriptor.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/timestamp.proto",
    "rig/users/v1/users.proto",
    "runrpc/options/v1/options.proto",
  ]);
  for (const [at, { dependency }] of file.entries()) {
    for (const name of dependency) assert.ok(found.indexOf(name) > at, `${found[at]} before ${name}`);
  }
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: file.toReversed() }));
  assert.deepEqual(
    registry.getService("rig.users.v1.UserService")?.methods.map(({ name }) => name),
    UserService.methods.map(({ name }) => name),
  );
});

test("an import travels once in a stream, the file that is asked for each time", async (t) => {
  const [users, events, again] = await ask(
    t,
    { case: "fileByFilename", value: "rig/users/v1/users.proto" },
    { case: "fileContainingSymbol", value: "rig.events.v1.EventService" },
    { case: "fileByFilename", value: "rig/users/v1/users.proto" },
  );
  assert.ok(users && events && again);
  assert.equal(Array.isArray(names(users)), true);
  assert.deepEqual(names(events), ["rig/events/v1/events.proto", "google/protobuf/struct.proto"]);
  assert.deepEqual(names(again), ["rig/users/v1/users.proto"]);
});

const SYMBOLS: [kind: string, symbol: string, file: string | undefined][] = [
  ["a service", "rig.users.v1.UserService", "rig/users/v1/users.proto"],
  ["a method", "rig.users.v1.UserService.GetUser", "rig/users/v1/users.proto"],
  ["a message", "rig.users.v1.User", "rig/users/v1/users.proto"],
  ["a field", "rig.users.v1.User.email", "rig/users/v1/users.proto"],
  ["an enum value beside its enum", "google.protobuf.NULL_VALUE", "google/protobuf/struct.proto"],
  ["an enum", "google.protobuf.NullValue", "google/protobuf/struct.proto"],
  ["a oneof", "google.protobuf.Value.kind", "google/protobuf/struct.proto"],
  ["a nested message", "google.protobuf.Struct.FieldsEntry", "google/protobuf/struct.proto"],
  ["a nested enum", "google.protobuf.FieldDescriptorProto.Type", "google/protobuf/descriptor.proto"],
  [
    "a nested enum's value",
    "google.protobuf.FieldDescriptorProto.TYPE_INT32",
    "google/protobuf/descriptor.proto",
  ],
  ["an extension", "runrpc.options.v1.method", "runrpc/options/v1/options.proto"],
  ["a type of an import of an import", "google.protobuf.Duration", "google/protobuf/duration.proto"],
  [
    "a type of reflection itself",
    "grpc.reflection.v1alpha.ErrorResponse",
    "grpc/reflection/v1alpha/reflection.proto",
  ],
  ["an unknown service", "rig.users.v1.NoService", undefined],
  ["a package", "rig.users.v1", undefined],
  ["a message without its package", "User", undefined],
  ["a name of every JavaScript object", "constructor", undefined],
  ["nothing", "", undefined],
];
test("the file of a symbol is found, for each kind of symbol, and NOT_FOUND said of others", async (t) => {
  const questions = SYMBOLS.map(([, value]) => ({ case: "fileContainingSymbol", value }) as const);
  const responses = await ask(t, ...questions);
  assert.deepEqual(
    responses.map((response) => {
      const found = names(response);
      return typeof found === "object" ? found[0] : found;
    }),
    SYMBOLS.map(([, , file]) => file ?? Code.NotFound),
  );
});

test("an extension is found by the message that it extends and its number", async (t) => {
  const containingType = "google.protobuf.MethodOptions";
  const responses = await ask(
    t,
    { case: "fileContainingExtension", value: { containingType, extensionNumber: 51820 } },
    { case: "fileContainingExtension", value: { containingType, extensionNumber: 51821 } },
    { case: "fileContainingExtension", value: { containingType: "no.Such", extensionNumber: 1 } },
  );
  assert.deepEqual(responses.map(names), [
    ["runrpc/options/v1/options.proto", "google/protobuf/descriptor.proto"],
    Code.NotFound,
    Code.NotFound,
  ]);
});

test("extension numbers are listed: none of a message without extensions, NOT_FOUND of an unknown one", async (t) => {
  const types = [
    "google.protobuf.MethodOptions",
    "google.protobuf.FieldOptions",
    "rig.users.v1.User",
    "no.Such",
  ];
  const questions = types.map((value) => ({ case: "allExtensionNumbersOfType", value }) as const);
  const responses = await ask(t, ...questions);
  assert.deepEqual(
    responses.map(({ messageResponse: { case: kind, value } }) =>
      kind === "allExtensionNumbersResponse"
        ? value.extensionNumber
        : kind === "errorResponse" && value.errorCode,
    ),
    [[51820], [1159, 1160, 51820], [], Code.NotFound],
  );
});

test("a file that is not there and a request for nothing are errors in the stream, which goes on", async (t) => {
  const responses = await ask(
    t,
    { case: "fileByFilename", value: "no/such.proto" },
    { case: undefined },
    { case: "fileByFilename", value: "google/protobuf/timestamp.proto" },
  );
  assert.deepEqual(responses.map(names), [
    Code.NotFound,
    Code.InvalidArgument,
    ["google/protobuf/timestamp.proto"],
  ]);
});

test("v1alpha gives the same answers", async (t) => {
  const baseUrl = `http://${await serve(t)}`;
  const client = createClient(ServerReflectionAlpha, createGrpcTransport({ baseUrl }));
  async function* requests() {
    yield { messageRequest: { case: "fileContainingSymbol", value: "grpc.health.v1.Health.Watch" } as const };
    const value = { containingType: "google.protobuf.MethodOptions", extensionNumber: 1 };
    yield { messageRequest: { case: "fileContainingExtension", value } as const };
  }
  const [found, missing] = await Array.fromAsync(client.serverReflectionInfo(requests()));
  assert.equal(found?.messageResponse.case, "fileDescriptorResponse");
  assert.ok(missing?.messageResponse.case === "errorResponse");
  assert.equal(missing.messageResponse.value.errorCode, Code.NotFound);
  const original = missing.originalRequest?.messageRequest;
  assert.ok(original?.case === "fileContainingExtension");
  assert.equal(original.value.containingType, "google.protobuf.MethodOptions");
});

test("both versions carry the policy that they are given", () => {
  for (const isPublic of [true, false]) {
    const definitions = createReflection([UserService], { isPublic });
    assert.deepEqual(
      definitions.map(({ policy }) => policy.isPublic),
      [isPublic, isPublic],
    );
  }
});

const tool = grpcurl();
test("grpcurl lists and describes", {
  skip: tool.skip,
}, async (t) => {
  const address = await serve(t);
  const run = async (...args: string[]) =>
    (await promisify(execFile)(tool.path, ["-plaintext", address, ...args])).stdout;
  assert.match(await run("list", "rig.users.v1.UserService"), /^rig\.users\.v1\.UserService\.CreateUser$/m);
  assert.match(await run("describe", "rig.users.v1.CreateUserRequest"), /string email = 1/);
  assert.match(await run("describe", "runrpc.options.v1.method"), /extend \.google\.protobuf\.MethodOptions/);
});
