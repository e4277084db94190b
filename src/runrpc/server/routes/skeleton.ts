import { Code, ConnectError } from "@connectrpc/connect";
import { methodPath, type ServiceDefinition } from "./service.ts";

/** Known to every copy of this package in a process. */
const mark = Symbol.for("runrpc.skeleton");

/**
 * Stands in the place of a handler that is still to be written, of any kind: `runrpc add method` and `runrpc sync` put it
 * there. Every call of it ends with `unimplemented`, and `runrpc serve` and `runrpc sync --check` name it until it is
 * replaced.
 *
 * @param method its full name, such as `parcels.v1.ParcelService/Track`
 */
export function skeleton(method: string): () => never {
  return Object.assign(
    () => {
      throw new ConnectError(`${method} is not written yet`, Code.Unimplemented);
    },
    { [mark]: true },
  );
}

/** The methods of the services whose handlers are still to be written, such as `parcels.v1.ParcelService/Track`. */
export function skeletonsOf(services: readonly ServiceDefinition[]): readonly string[] {
  return services.flatMap(({ service, implementation }) =>
    service.methods
      .filter(({ localName }) => isSkeleton(implementation[localName]))
      .map((method) => methodPath(method).slice(1)),
  );
}

function isSkeleton(handler: unknown): boolean {
  return typeof handler === "function" && mark in handler;
}
