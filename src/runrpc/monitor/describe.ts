import { create, type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import {
  DescribeResponseSchema,
  MethodSchema,
  ServiceSchema,
} from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import type { Route } from "../server/routes/routes.ts";

/** Which services there are, in the order in which they are served, and what each method asks of its callers. */
export function describe(routes: readonly Route[]) {
  const services = Map.groupBy(routes, ({ service }) => service);
  return create(DescribeResponseSchema, {
    services: [...services].map(([name, methods]) =>
      create(ServiceSchema, { name, methods: methods.map(methodOf) }),
    ),
    fileDescriptorSet: descriptorSetOf(routes.map(({ method }) => method.parent.file)),
  });
}

function methodOf({ method, policy }: Route) {
  const { isPublic, scopes, defaultDeadlineMs, maxDeadlineMs, maxRequestBytes } = policy;
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
  });
}

/** The files with all that they import, those first that the others need. */
function descriptorSetOf(roots: readonly DescFile[]): Uint8Array<ArrayBuffer> {
  const files = new Set<DescFile>();
  const add = (file: DescFile): void => {
    if (files.has(file)) return;
    file.dependencies.forEach(add);
    files.add(file);
  };
  roots.forEach(add);
  const set = create(FileDescriptorSetSchema, { file: [...files].map(({ proto }) => proto) });
  return toBinary(FileDescriptorSetSchema, set);
}
