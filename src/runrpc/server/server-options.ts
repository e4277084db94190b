import type { Interceptor } from "@connectrpc/connect";
import type { MessageCodec } from "../codec/message-codec.ts";
import type { Authenticate } from "./auth/identity.ts";
import type { KeyStore } from "./auth/key-store.ts";
import type { CallRecord } from "./call/record.ts";
import type { MapError } from "./errors.ts";
import type { ServerLog } from "./log.ts";
import type { ServerPart } from "./part.ts";
import type { KeepRequests } from "./requests/keep-requests.ts";
import type { ServiceDefinition } from "./routes/service.ts";
import type { ServerMetrics, ServerMonitor } from "./server-metrics.ts";
import type { ServerPage } from "./server-page.ts";
import type { ServerTracing } from "./server-tracing.ts";
import type { ServerSettings } from "./settings.ts";
import type { ServerWatch } from "./watch.ts";

/** What a server is made of. The settings beside these have their defaults in the configuration's schema. */
export interface ServerOptions extends ServerSettings {
  /** May be empty, as in an application that has none yet: health and reflection are served all the same. */
  readonly services: readonly ServiceDefinition[];
  /**
   * Who keeps the API keys. `open` lets every caller do everything: it has to be asked for by name. It may be left out
   * where there is `authenticate`.
   */
  readonly keys?: KeyStore | "open";
  /**
   * The application's own way to tell who calls, in place of API keys or before them. Default: there are API keys alone.
   */
  readonly authenticate?: Authenticate;
  /** Run around every handler, the first outermost, after the request was validated. Default: none. */
  readonly interceptors?: readonly Interceptor[];
  /** Gives the application's own errors a code. Default: they become `internal`. */
  readonly mapError?: MapError;
  /** Takes the record of each call when the call has ended. It must not block. Default: nobody does. */
  readonly onRecord?: (record: CallRecord) => void;
  /**
   * What `buf generate` writes into `gen/codecs.ts`, to read and write messages with. A message without a codec is read and
   * written by protobuf-es, which takes several times as long. Default: none has one.
   */
  readonly codecs?: readonly MessageCodec[];
  /** Rejects when the server should not get calls, as when its database does not answer. Default: always ready. */
  readonly probe?: (signal: AbortSignal) => Promise<void>;
  /** Default: keeps nothing, but for errors that nobody catches (`errors.on_stray`), which go to standard error. */
  readonly log?: ServerLog;
  /** Development keys are refused, reflection wants a key, and a drain has its delay. Default: false. */
  readonly production?: boolean;
  /**
   * An answer with a field that its message does not have, which tsc does not see in an async function, fails its call
   * with `internal`, and the log names the field. For tests. Default: `server.debug`.
   */
  readonly strictAnswers?: boolean;
  /** Looks on while the server serves. Default: under `server.debug` that of debug mode, else nobody. */
  readonly watch?: ServerWatch;
  /** Counts while the server serves. Default: under `metrics.enabled` what is served as /metrics, else nobody. */
  readonly counter?: ServerMetrics;
  /** What operators are told by: what it serves is served beside the services. Default: there is none. */
  readonly monitor?: ServerMonitor;
  /** Makes spans of calls. Default: under `traces.enabled` that of an OpenTelemetry SDK, where one is registered, else nobody. */
  readonly tracing?: ServerTracing;
  /** A page for people, beside the calls. Default: none. */
  readonly page?: ServerPage;
  /** Keeps the requests of calls to these services for their records, without what is `sensitive`. Default: none is kept. */
  readonly keepRequests?: KeepRequests;
  /** The server is one of several processes on one port. Default: it is the only one, and opens `server.port`. */
  readonly part?: ServerPart;
}

/** The names of all options. A record, so that one which is added to the type and not here does not compile. */
export const OPTION_NAMES: Readonly<Record<keyof ServerOptions, true>> = {
  services: true,
  keys: true,
  authenticate: true,
  server: true,
  tls: true,
  limits: true,
  timeouts: true,
  auth: true,
  cors: true,
  errors: true,
  compression: true,
  interceptors: true,
  mapError: true,
  onRecord: true,
  codecs: true,
  probe: true,
  log: true,
  production: true,
  strictAnswers: true,
  watch: true,
  page: true,
  part: true,
  debug: true,
  metrics: true,
  counter: true,
  monitor: true,
  traces: true,
  tracing: true,
  keepRequests: true,
};
