import { create, type DescFile, type Registry, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import {
  DescribeResponseSchema,
  MethodSchema,
  ServiceSchema,
} from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { createCommentedFiles } from "../contracts/commented-files.ts";
import { commentOf } from "../contracts/comments.ts";
import type { Route } from "../server/routes/routes.ts";

/**
 * Which services there are, in the order in which they are served, and what each method asks of its callers.
 *
 * @param contracts the same with comments; undefined where nobody knows them
 */
export function describe(routes: readonly Route[], contracts: Registry | undefined) {
  const services = Map.groupBy(routes, ({ service }) => service);
  return create(DescribeResponseSchema, {
    services: [...services].map(([name, methods]) =>
      create(ServiceSchema, {
        name,
        comment: textOf(contracts?.getService(name)),
        methods: methods.map((route) => methodOf(route, contracts)),
      }),
    ),
    fileDescriptorSet: descriptorSetOf(
      routes.map(({ method }) => method.parent.file),
      contracts,
    ),
  });
}

function methodOf({ method, policy }: Route, contracts: Registry | undefined) {
  const { isPublic, scopes, defaultDeadlineMs, maxDeadlineMs, maxRequestBytes } = policy;
  const commented = contracts?.getService(method.parent.typeName)?.methods;
  return create(MethodSchema, {
    name: method.name,
    kind: method.methodKind,
    input: method.input.typeName,
    output: method.output.typeName,
    isSafe: method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
    isPublic,
    scopes: [...scopes],
    defaultDeadlineMs,
    maxDeadlineMs,
    maxRequestBytes,
    comment: textOf(commented?.find(({ name }) => name === method.name)),
  });
}

function textOf(desc: Parameters<typeof commentOf>[0] | undefined): string {
  return desc === undefined ? "" : commentOf(desc).join("\n");
}

/** The files with all that they import, those first that the others need. */
function descriptorSetOf(
  roots: readonly DescFile[],
  contracts: Registry | undefined,
): Uint8Array<ArrayBuffer> {
  const files = new Set<DescFile>();
  const add = (file: DescFile): void => {
    if (files.has(file)) return;
    file.dependencies.forEach(add);
    files.add(file);
  };
  roots.forEach(add);
  const commented = createCommentedFiles(contracts);
  const set = create(FileDescriptorSetSchema, { file: [...files].map(commented) });
  return toBinary(FileDescriptorSetSchema, set);
}
