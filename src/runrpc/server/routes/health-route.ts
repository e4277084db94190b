import { Health } from "../../../../gen/grpc/health/v1/health_pb.ts";
import type { Route } from "./routes.ts";

/** A method of the health service, which clients ask without credentials. */
export function isHealth({ service }: Route): boolean {
  return service === Health.typeName;
}

/** What balancers and orchestrators ask: a full server that answers is not a dead one. */
export function isHealthCheck(route: Route): boolean {
  return isHealth(route) && route.method.methodKind === "unary";
}
