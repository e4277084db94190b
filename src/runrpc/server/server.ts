import type { DescMethod } from "@bufbuild/protobuf";
import { createCodecs } from "../codec/codecs.ts";
import { checkOptionNames } from "../option-names.ts";
import { authenticatorFor } from "./auth/application.ts";
import { createHealth, type Health } from "./builtin/health.ts";
import { createMetricsDoor } from "./builtin/metrics-door.ts";
import { createProbes } from "./builtin/probes.ts";
import { createReflection } from "./builtin/reflection.ts";
import { createCalls } from "./call/calls.ts";
import { type OpenCall, shownCallsOf } from "./call/open-call.ts";
import { watchStrays } from "./call/strays.ts";
import { createDispatch } from "./dispatch.ts";
import { drainServer } from "./drain.ts";
import { createGate } from "./gate.ts";
import { anyOf } from "./http/answers.ts";
import { createCors } from "./http/cors.ts";
import { createOrigins } from "./http/origin.ts";
import { createAnswerCompression } from "./lanes/answer-compression.ts";
import { createFastLane } from "./lanes/fast/lane.ts";
import { createStockLane } from "./lanes/stock/lane.ts";
import { listen } from "./listener/listen.ts";
import { guardLog, lastResortLog, type ServerLog } from "./log.ts";
import { closeOnlookers, countOf, loadOnlookers, type Onlookers, watchOf } from "./onlookers.ts";
import { checkOptionValues } from "./option-values.ts";
import { createRefusals } from "./refusals.ts";
import { createRequestKeeper } from "./requests/keep-requests.ts";
import { BUILT_IN } from "./routes/policy.ts";
import { createRoutes } from "./routes/routes.ts";
import type { ServiceDefinition } from "./routes/service.ts";
import { createValidation } from "./routes/validation.ts";
import type { CountedServer } from "./server-metrics.ts";
import { OPTION_NAMES, type ServerOptions } from "./server-options.ts";
import { closeServices, startServices, threadsOf, watched } from "./services.ts";
import { checkDebug, type ResolvedSettings, resolveSettings, tlsOf } from "./settings.ts";
import type { ServerStats } from "./stats.ts";
import { urlOf } from "./url.ts";

/** A server that listens. */
export interface Server {
  /** As bound, without brackets; `unix:` and its path for a Unix socket. */
  readonly host: string;
  /** 0 for a Unix socket. */
  readonly port: number;
  /** The address for a client on this machine, such as `http://localhost:50051` or `unix:/run/app.sock`. */
  readonly url: string;
  /** Sets what the health service says of one service, or of all. */
  readonly health: Pick<Health, "set">;
  stats(): ServerStats;
  /** Where metrics have a port of their own, such as `127.0.0.1:9464`. */
  readonly metricsAddress: string | undefined;
  /** The calls that are open, the oldest first. Undefined where debug mode is off. */
  readonly openCalls: (() => readonly OpenCall[]) | undefined;
  /** Resolves when such an error made the server drain (`errors.on_stray`). The exit code of the process is 1 by then. */
  readonly strayed: Promise<void>;
  /**
   * Reads the TLS files again, as happens by itself when they change; the log says what came of it. Files that cannot be
   * used change nothing.
   */
  reloadCertificates(): void;
  /**
   * Ends in good order: health says NOT_SERVING; after `timeouts.drain_delay_ms`, in which everything is served, no more is
   * accepted, clients are told to go away, calls that cross this are served, open calls may finish within
   * `timeouts.drain_timeout_ms`, what is left is aborted with `unavailable`, key uses are reported.
   * Every record has been handed to `onRecord` when it resolves. A second call gives the same promise.
   *
   * @param how `isReplaced`: another process serves on the same port, so that health says nothing and there is no delay.
   *   Default false.
   */
  drain(how?: { readonly isReplaced?: boolean }): Promise<void>;
  /** Ends the waiting of a drain, of one that begins later too: what is open is aborted at once. */
  cutShort(): void;
}

/**
 * Starts a server, or rejects with an Error that says what to change: a service twice, a method that its
 * proto does not have, a codec that was written for another version of its message, nobody who says who may call, an
 * unknown or invalid option or setting, a proxy list that cannot be read, a port in use, a certificate that cannot be read.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  checkOptionNames("startServer", options, Object.keys(OPTION_NAMES));
  checkOptionValues(options);
  const { production = false } = options;
  const settings = resolveSettings(options, production);
  const log = guardLog(options.log ?? lastResortLog);
  if (settings.server.debug) checkDebug(settings.debug, production);
  const onlookers = await loadOnlookers(options, settings);
  try {
    return await serve(options, { settings, log, onlookers });
  } catch (error) {
    await closeServices(options.services);
    await closeOnlookers(onlookers);
    throw error;
  }
}

interface ServeParts {
  readonly settings: ResolvedSettings;
  readonly log: Required<ServerLog>;
  readonly onlookers: Onlookers;
}

async function serve(options: ServerOptions, { settings, log, onlookers }: ServeParts): Promise<Server> {
  const { watch, counter, monitor, tracing } = onlookers;
  const { production = false, page, part } = options;
  const { limits, timeouts, auth } = settings;
  const strictAnswers = options.strictAnswers ?? settings.server.debug;
  const health = createHealth({
    services: options.services.map(({ service }) => service.typeName),
    log,
    ...(options.probe === undefined ? {} : { probe: options.probe }),
  });
  const keeper = options.keepRequests && createRequestKeeper(options.keepRequests);
  const isOwn = ({ parent }: DescMethod) => options.services.some(({ service }) => service === parent);
  const routes = createRoutes({
    definitions: [
      ...watched(options.services, watch),
      ...builtIn(settings, options, health, onlookers),
      ...(page === undefined ? [] : [page.definition]),
    ],
    defaults: { ...timeouts, maxRequestBytes: limits.maxRequestBytes },
    interceptorsFor: () => options.interceptors ?? [],
    checkFor: createValidation(),
    keepFor: (method, registry) => (isOwn(method) ? keeper?.keepFor(method, registry) : undefined),
    strictAnswers,
  });
  const calls = createCalls({
    log,
    debug: settings.server.debug,
    mapError: options.mapError ?? (() => undefined),
    onRecord: options.onRecord,
    writeTimeoutMs: timeouts.writeTimeoutMs,
    watch: watchOf(onlookers, page),
    trace: tracing && ((call) => tracing.begun(call)),
    count: countOf(onlookers),
    requestOf: keeper?.take,
  });
  const authenticator = authenticatorFor(options, { ...auth, production, log });
  const gate = createGate({
    ...limits,
    processes: part?.processes ?? 1,
    authenticator,
    openCalls: () => calls.stats().admitted,
  });
  const findCodec = createCodecs(settings.server.codec === "own" ? (options.codecs ?? []) : []);
  const compression = createAnswerCompression(settings.compression);
  const laneOptions = { routes, gate, maxResponseBytes: limits.maxResponseBytes, compression, findCodec };
  const createLane = settings.server.lane === "auto" ? createFastLane : createStockLane;
  const lane = createLane(laneOptions);
  const probes = createProbes((signal) => health.check(signal));
  const metrics = createMetricsDoor(counter, settings.metrics, { authenticator, production });
  page?.start({ routes, calls, gate });
  const dispatch = createDispatch({
    routes,
    calls,
    refusalOf: createRefusals(gate),
    lane,
    plainRoutes: anyOf(probes, metrics.page, page?.answer),
    cors: createCors(settings.cors),
    origins: createOrigins(settings.server),
    mayBeCut: timeouts.maxConnectionAgeMs > 0 && timeouts.maxConnectionAgeGraceMs > 0,
  });
  await watch?.start(calls.current, log);
  await startServices(options.services, { strictAnswers, log });
  // The process that has the port of calls has that of metrics too.
  if (part === undefined) await metrics.open();
  const listener = await listen(
    {
      ...settings.server,
      ...limits,
      ...timeouts,
      http2: lane.serveOwnStream === undefined ? "node" : settings.server.http2,
      handed: part?.sockets,
      tls: tlsOf(settings),
      onNotice: (level, text) => log[level]({}, text),
    },
    { ...dispatch, onError: (err) => log.error({ err }, "a request could not be dispatched") },
  ).catch(async (error: unknown) => {
    await metrics.close();
    throw error;
  });

  const cutShort = Promise.withResolvers<void>();

  async function drain(isReplaced: boolean): Promise<void> {
    const lookers = {
      drain: health.drain,
      close() {
        health.close();
        monitor?.drain();
      },
    };
    await drainServer({
      ...{ ...timeouts, isReplaced, cutShort: cutShort.promise },
      ...{ health: lookers, listener, calls, gate },
    });
    calls.close();
    await closeServices(options.services);
    await authenticator?.close();
    await metrics.close();
    await closeOnlookers(onlookers);
    // A handler that was left behind may still fail.
    if (calls.stats().abandoned === 0) strays.close();
  }

  let drained: Promise<void> | undefined;
  const drainOnce: Server["drain"] = ({ isReplaced = false } = {}) => (drained ??= drain(isReplaced));
  const strayed = Promise.withResolvers<void>();
  const strays = watchStrays({
    log,
    currentCall: calls.current,
    onStray(error, call) {
      watch?.stray(error, call);
      if (settings.errors.onStray !== "drain") return;
      process.exitCode = 1;
      strayed.resolve();
      void drainOnce({ isReplaced: part !== undefined });
    },
  });
  const stats = (): ServerStats => ({
    calls: calls.stats(),
    listener: listener.stats(),
    strays: strays.count,
    findings: watch?.counts() ?? {},
  });
  const shownCalls = watch?.openCalls ?? (() => shownCallsOf(calls.open()));
  const counted: CountedServer = {
    routes: routes.all,
    openCalls: calls.open,
    shownCalls,
    stats,
    followHealth: health.follow,
    threads: () => threadsOf(options.services),
  };
  counter?.start(counted);
  monitor?.start(counted);
  return {
    host: listener.host,
    port: listener.port,
    url: urlOf(listener),
    health,
    stats,
    metricsAddress: metrics.address,
    openCalls: watch && (() => watch.openCalls()),
    strayed: strayed.promise,
    drain: drainOnce,
    cutShort: cutShort.resolve,
    reloadCertificates: listener.reloadCertificates,
  };
}

function builtIn(
  { server }: ResolvedSettings,
  { services, production, keys }: ServerOptions,
  health: Health,
  { watch, monitor }: Onlookers,
): readonly ServiceDefinition[] {
  const withLimits = (definition: ServiceDefinition): ServiceDefinition => ({
    ...definition,
    policy: { ...definition.policy, ...BUILT_IN },
  });
  const healthServices = [
    ...(server.health ? [withLimits(health.definition)] : []),
    ...(watch?.services.map(withLimits) ?? []),
    ...(monitor?.services.map(withLimits) ?? []),
  ];
  if (!server.reflection) return healthServices;
  const described = [...services, ...healthServices].map(({ service }) => service);
  const isPublic = keys === "open" || production !== true || server.reflectionOpen;
  return [...healthServices, ...createReflection(described, { isPublic }).map(withLimits)];
}
