import type { Call, CallHead } from "./call/call.ts";
import type { CallWatch } from "./call/call-watch.ts";
import type { OpenCall } from "./call/open-call.ts";
import type { StrayOrigin } from "./call/strays.ts";
import type { ServerLog } from "./log.ts";
import type { ServiceDefinition } from "./routes/service.ts";

/**
 * What looks on while a server serves, in debug mode: the server declares it and knows nothing of what it does. A server
 * without one has no hook of it on the way of a call.
 */
export interface ServerWatch {
  /** Services of its own, which are served beside the others. */
  readonly services: readonly ServiceDefinition[];
  /** The same service, with handlers that it looks at. */
  around(definition: ServiceDefinition): ServiceDefinition;
  /** A call has begun. */
  begun(call: Call): CallWatch;
  /** An error that nobody caught, and the call that it comes from, where that is known. */
  stray(error: unknown, call: StrayOrigin | undefined): void;
  /** The server is about to listen. `current` gives the call as a part of which the code at hand runs. */
  start(current: () => CallHead | undefined, log: Required<ServerLog>): Promise<void>;
  /** The server has drained, or did not start. */
  close(): Promise<void>;
  /** How often each kind of finding was made. */
  counts(): Readonly<Record<string, number>>;
  /** The calls that are open, the oldest first. */
  openCalls(): readonly OpenCall[];
}
