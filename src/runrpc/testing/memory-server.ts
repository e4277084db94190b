import { create } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createRouterTransport,
  type HandlerContext,
  type ServiceImpl,
  type Transport,
} from "@connectrpc/connect";
import { AuthSchema, LimitsSchema, TimeoutsSchema } from "../../../gen/runrpc/config/v1/config_pb.ts";
import { connectErrorFromDataError } from "../app/data-errors.ts";
import type { TransportOptions } from "../client/options.ts";
import { authenticatorFor } from "../server/auth/application.ts";
import type { Authenticator } from "../server/auth/authenticate.ts";
import type { Authenticate } from "../server/auth/identity.ts";
import type { KeyStore } from "../server/auth/key-store.ts";
import { coversScope, principalKey } from "../server/auth/principal.ts";
import { failureFrom, type MapError } from "../server/errors.ts";
import { silentLog } from "../server/log.ts";
import { createRoutes, type Route, type RoutesOptions } from "../server/routes/routes.ts";
import { createValidation } from "../server/routes/validation.ts";

/** What calls in memory are answered from. */
export interface MemoryServerOptions extends Pick<RoutesOptions, "definitions" | "interceptorsFor"> {
  readonly keys: KeyStore;
  /** The application's own way to tell who calls; undefined where there are keys alone. */
  readonly authenticate: Authenticate | undefined;
  readonly mapError: MapError;
}

/** The services of an application without a port. */
export interface MemoryServer {
  /** A way to call them, through the client's interceptors. */
  transport(options: Omit<TransportOptions, "baseUrl">): Transport;
  close(): Promise<void>;
}

/** Makes one: callers, scopes, rules, interceptors and handlers are as a server has them. */
export function createMemoryServer(options: MemoryServerOptions): MemoryServer {
  const routes = createRoutes({
    ...options,
    defaults: { ...create(TimeoutsSchema), maxRequestBytes: create(LimitsSchema).maxRequestBytes },
    checkFor: createValidation(),
    strictAnswers: true,
  });
  const { keys, authenticate, mapError } = options;
  const authenticator = authenticatorFor(authenticate === undefined ? { keys } : { keys, authenticate }, {
    ...create(AuthSchema),
    production: false,
    log: silentLog,
  }) as Authenticator; // there are keys

  async function admit({ policy }: Route, { requestHeader, values }: HandlerContext): Promise<void> {
    const headers = Object.fromEntries(requestHeader);
    const principal = await authenticator.authenticate(headers, "127.0.0.1");
    values.set(principalKey, principal);
    if (policy.isPublic) return;
    const { noun, wanted } = authenticator;
    if (principal === undefined) throw new ConnectError(`this call needs ${wanted}`, Code.Unauthenticated);
    const missing = policy.scopes.filter((scope) => !coversScope(principal.scopes, scope));
    if (missing.length > 0)
      throw new ConnectError(
        `the ${noun} ${principal.keyId} lacks the scope ${missing.join(", ")}`,
        Code.PermissionDenied,
      );
  }

  const told = (reason: unknown): ConnectError =>
    failureFrom(reason, "in-memory", (error) => mapError(error) ?? connectErrorFromDataError(error)).error;

  function register({ service }: ConnectRouter): void {
    for (const { service: desc } of options.definitions) {
      const methods = routes.all.filter((route) => route.service === desc.typeName);
      const entries = methods.map((route) => [route.method.localName, handlerOf(route, admit, told)]);
      // One function for each method, of its kind: what ServiceImpl is, which a list of entries does not say.
      service(desc, Object.fromEntries(entries) as ServiceImpl<typeof desc>);
    }
  }

  return {
    transport: (transport) => createRouterTransport(register, { transport }),
    async close() {
      await Promise.all(options.definitions.map(({ lifecycle }) => lifecycle?.close()));
      await authenticator.close();
    },
  };
}

function handlerOf(
  route: Route,
  admit: (route: Route, context: HandlerContext) => Promise<void>,
  told: (reason: unknown) => ConnectError,
) {
  const { handler } = route;
  // A handler is called with what its own kind takes: the router knows the kind from the descriptor, as routes do.
  const run = handler.run as (input: unknown, context: HandlerContext) => unknown;
  if (handler.kind === "unary" || handler.kind === "client_streaming") {
    return async (input: unknown, context: HandlerContext) => {
      try {
        await admit(route, context);
        return await run(input, context);
      } catch (reason) {
        throw told(reason);
      }
    };
  }
  return async function* (input: unknown, context: HandlerContext) {
    try {
      await admit(route, context);
      yield* run(input, context) as AsyncIterable<unknown>;
    } catch (reason) {
      throw told(reason);
    }
  };
}
