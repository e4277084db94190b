import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { defineService, type ServiceDefinition } from "../src/runrpc/server/routes/service.ts";
import type { ServiceImpl } from "../src/runrpc/server/routes/service-impl.ts";

/**
 * A service of which a test implements what it calls; the other methods are `unimplemented`. So a method that is added
 * to an example service asks for an implementation where the service is, and not in each test that borrows its contract.
 */
export function partOfService<S extends DescService>(
  service: S,
  methods: Partial<ServiceImpl<S>>,
): ServiceDefinition {
  const missing = (): never => {
    throw new ConnectError("not part of this test", Code.Unimplemented);
  };
  const all = Object.fromEntries(service.methods.map(({ localName }) => [localName, missing]));
  return defineService(service, { ...all, ...methods } as ServiceImpl<S>); // each method is there, by its own list
}
