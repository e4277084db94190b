import type { Call } from "./call/call.ts";
import type { CallWatch } from "./call/call-watch.ts";
import type { Calls } from "./call/calls.ts";
import type { Gate } from "./gate.ts";
import type { PlainRoutes } from "./http/answers.ts";
import type { Routes } from "./routes/routes.ts";
import type { ServiceDefinition } from "./routes/service.ts";

/**
 * A page for people that is served beside the calls: the server declares it and knows nothing of what it shows. A server
 * without one has nothing of it.
 */
export interface ServerPage {
  /** What the page asks of the server, besides ordinary calls. Reflection and health do not tell of it. */
  readonly definition: ServiceDefinition;
  /** Answers the paths of the page's files. */
  readonly answer: PlainRoutes;
  /** A call has begun. Undefined: its page does not follow it. */
  begun(call: Call): CallWatch | undefined;
  /** Hears of what is served, before the server listens. */
  start(served: Served): void;
}

/** What a page may look over, and make calls of its own by. */
export interface Served {
  readonly routes: Routes;
  readonly calls: Calls;
  readonly gate: Gate;
}
