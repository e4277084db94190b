import type { DescEnum, DescMessage, DescMethod, DescService, Registry } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { PageService } from "../../../gen/runrpc/web/v1/page_pb.ts";
import { commentOf } from "../contracts/comments.ts";
import type { Route, Routes } from "../server/routes/routes.ts";
import { describeMember } from "./describe-field.ts";
import { messageRules } from "./describe-rules.ts";
import type { EnumSchema, MessageSchema, MethodSchema, Schema, ServiceSchema } from "./page/schema.ts";

/**
 * All that is served, but for what the page itself asks, as the page reads it.
 *
 * @param contracts the same with comments, where there are any: generated code has none
 */
export function describeServices(routes: Routes, contracts: Registry | undefined): Omit<Schema, "traceLink"> {
  const services = routes.services.filter(({ typeName }) => typeName !== PageService.typeName);
  const types = [...routes.registry];
  return {
    services: services.map((service) =>
      describeService(
        service,
        routes.all.filter((route) => route.service === service.typeName),
        contracts,
      ),
    ),
    messages: Object.fromEntries(
      types
        .filter((type) => type.kind === "message")
        .map((type) => [type.typeName, describeMessage(type, contracts)]),
    ),
    enums: Object.fromEntries(
      types
        .filter((type) => type.kind === "enum")
        .map((type) => [type.typeName, describeEnum(type, contracts)]),
    ),
  };
}

function describeService(
  service: DescService,
  routes: readonly Route[],
  contracts: Registry | undefined,
): ServiceSchema {
  const commented = contracts?.getService(service.typeName);
  return {
    name: service.typeName,
    file: service.file.proto.name,
    comment: commentText(commented),
    isBuiltIn: /^(grpc|runrpc)\./.test(service.typeName),
    methods: routes.map((route) =>
      describeMethod(
        route,
        commented?.methods.find(({ name }) => name === route.method.name),
      ),
    ),
  };
}

function describeMethod({ method, policy }: Route, commented: DescMethod | undefined): MethodSchema {
  return {
    name: method.name,
    localName: method.localName,
    kind: method.methodKind,
    input: method.input.typeName,
    output: method.output.typeName,
    comment: commentText(commented),
    isSafe: method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
    isDeprecated: method.deprecated,
    isPublic: policy.isPublic,
    scopes: policy.scopes,
    deadlineMs: policy.defaultDeadlineMs,
    maxDeadlineMs: policy.maxDeadlineMs,
    maxRequestBytes: policy.maxRequestBytes,
  };
}

function describeMessage(message: DescMessage, contracts: Registry | undefined): MessageSchema {
  const commented = contracts?.getMessage(message.typeName);
  return {
    file: message.file.proto.name,
    comment: commentText(commented),
    rules: messageRules(message),
    members: message.members.map((member) =>
      describeMember(member, (name) =>
        commentText(
          commented?.fields.find((field) => field.name === name) ??
            commented?.oneofs.find((oneof) => oneof.name === name),
        ),
      ),
    ),
  };
}

function describeEnum(type: DescEnum, contracts: Registry | undefined): EnumSchema {
  const commented = contracts?.getEnum(type.typeName);
  return {
    values: type.values.map(({ name, number }) => ({
      name,
      number,
      comment: commentText(commented?.values.find((value) => value.name === name)),
    })),
  };
}

/** Paragraphs stay apart; where their lines end is their file's business. */
function commentText(desc: Parameters<typeof commentOf>[0] | undefined): string {
  if (desc === undefined) return "";
  return commentOf(desc)
    .join("\n")
    .replace(/([^\n])\n(?!\n|\s*[-*] )/g, "$1 ");
}
