import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Registry } from "@bufbuild/protobuf";
import type { Environment, LoadedConfig } from "../config/config.ts";
import type { QueryModules } from "../data/query.ts";
import { openLog } from "../log/log.ts";
import { type MetricsPort, openMetricsPort } from "../server/builtin/metrics-port.ts";
import type { OpenCall } from "../server/call/open-call.ts";
import { tryListening } from "../server/try-listening.ts";
import { urlOf } from "../server/url.ts";
import { createDistributor } from "../workers/distributor.ts";
import { createGroup } from "../workers/group.ts";
import type { Member } from "../workers/member.ts";
import { answersOf, type ToPeers } from "../workers/peers.ts";
import { openPort, type Port } from "../workers/port.ts";
import { createAppLeader } from "./app-monitor.ts";
import { createSignInSecret, pageLinkAt } from "./app-page.ts";
import { storeOptions } from "./app-store.ts";
import { askedOnce } from "./asked-once.ts";
import { checkConfig } from "./check-config.ts";
import { textOfContracts } from "./contracts-text.ts";
import type { AppDefinition } from "./define-app.ts";
import { openGroupDatabase } from "./group-database.ts";
import { collectMetrics } from "./group-metrics.ts";
import type { App } from "./start-app.ts";
import { ABOUT, ANSWER_TIMEOUT_MS } from "./worker-letters.ts";
import { jsonOfTask } from "./worker-task.ts";

/** An application that several processes serve on one port, as the process knows it that leads them. */
export interface AppGroup
  extends Pick<
    App,
    | "url"
    | "created"
    | "database"
    | "developmentKey"
    | "services"
    | "exampleMethod"
    | "pageLink"
    | "skeletons"
  > {
  /** How many processes serve. */
  readonly workers: number;
  /** The calls that are open in each worker, in debug mode. */
  openCalls(): Promise<readonly WorkerCalls[]>;
  /** Has new processes take the place of all, one after the other: with what the application and the certificates are by then. */
  roll(): void;
  /** Resolves when workers cannot be started any more, with why. */
  readonly gaveUp: Promise<Error>;
  /** Ends in good order, as `App.drain` does. */
  drain(): Promise<void>;
}

/** The open calls of a worker. */
export interface WorkerCalls {
  readonly worker: number;
  readonly calls: readonly OpenCall[];
}

/** What every worker is started with. */
export interface StartGroupOptions {
  /** The file that exports the application. */
  readonly main: string;
  readonly env: Environment;
  /** As for `startApp`, asked for all workers. */
  readonly contracts: () => Promise<Registry | undefined>;
  /** Resolves when the start is to be given up. */
  readonly stop: Promise<unknown>;
}

/** As Node takes them: https://nodejs.org/api/tls.html#tlscreateserveroptions-secureconnectionlistener */
const TICKET_KEY_BYTES = 48;

/** How long a worker may take to close what it has open when its calls have ended, in milliseconds. */
const CLOSE_MS = 15_000;

/** Node fires a timer of more at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How long a worker may take to tell of its open calls, and to make a key, in milliseconds. */
const ANSWER_MS = { openCalls: 1_000, developmentKey: 10_000 } as const;

/**
 * Checks what the configuration says, makes and migrates the database, starts `workers.count` processes, and opens the port when all of
 * them serve. This process serves nothing: it hands out connections. Undefined, with nothing left open, where `stop` came first: a
 * worker that hangs at its start is not waited for.
 *
 * @throws Error (or DataError) that says what to change; nothing is left open then.
 */
export async function startGroup<M extends QueryModules>(
  definition: AppDefinition<M>,
  loaded: LoadedConfig,
  { main, env, contracts, stop }: StartGroupOptions,
): Promise<AppGroup | undefined> {
  const { config, production } = loaded;
  const { count, maxStillMs } = config.workers;
  const { drainDelayMs, drainTimeoutMs } = config.timeouts;
  // Before a database is made or migrated, so that a start that fails leaves none behind.
  checkConfig(loaded);
  storeOptions(definition, config.database);
  await tryListening(config);
  const log = openLog(config.log, config.server.debug);
  const database = await openGroupDatabase(definition, config.database, log.logger);
  const distributor = createDistributor();
  let port: Port | undefined;
  let metricsPort: MetricsPort | undefined;
  const stopAccepting = async (): Promise<void> => {
    await port?.close();
    distributor.close();
  };
  const metrics = config.metrics.enabled ? await collectMetrics(database.commits) : undefined;
  const leader = config.monitor.enabled ? await createAppLeader() : undefined;
  const signIn = createSignInSecret();
  const contractsText = askedOnce(async () => textOfContracts(await contracts()));
  const group = createGroup({
    count,
    member: {
      main: fileURLToPath(new URL(`./worker-main.${EXTENSION}`, import.meta.url)),
      task: jsonOfTask({
        ...{ config, production, main, writer: database.writer },
        ticketKeys: randomBytes(TICKET_KEY_BYTES).toString("hex"),
        pageSecret: Buffer.from(signIn.secret).toString("hex"),
      }),
      env,
    },
    reader: (from) => ({
      answer(about, text) {
        if (about === ABOUT.metrics && metrics !== undefined) return metrics.ofAll(group);
        if (about === ABOUT.peers) return answerOfPeers(JSON.parse(text) as ToPeers); // as `runWorker` asks
        if (about === ABOUT.contracts) return contractsText();
        if (about === ABOUT.claimSignIn) return signIn.claim() ? "yes" : "no";
        throw new Error(`nobody answers ${about}`);
      },
      hear(about, text) {
        if (about === ABOUT.wakeChore) void group.serving(1)?.tell(about, text);
        else if (about === ABOUT.metrics) metrics?.told(from(), text);
        else leader?.hear(about, text);
      },
    }),
    distributor,
    log: log.logger,
    maxStillMs,
    maxDrainMs: Math.min(MAX_TIMER_MS, drainDelayMs + drainTimeoutMs + CLOSE_MS),
    onStopped: () => void stopAccepting(),
    onEnded: (member) => metrics?.ended(member),
  });
  process.once("exit", () => void group.kill());

  async function answerOfPeers(question: ToPeers): Promise<string> {
    const { answers, silent } = await answersOf(group.members(), question, ANSWER_TIMEOUT_MS.one);
    const own = leader?.answers(question.about, question.text) ?? [];
    return JSON.stringify({ answers: answers.concat(own), silent });
  }

  async function close(): Promise<void> {
    await stopAccepting();
    await metricsPort?.close();
    metrics?.close();
    leader?.close();
    await database.close();
    log.flush();
  }

  try {
    const isStopped = await Promise.race([group.start(), stop.then(() => true)]);
    if (isStopped === true) {
      await group.kill();
      await close();
      return undefined;
    }
    const { address } = config.metrics;
    if (metrics !== undefined && address !== "")
      metricsPort = await openMetricsPort(address, () => metrics.ofAll(group));
    port = await openPort(config.server.host, config.server.port, distributor.take);
  } catch (error) {
    await group.kill();
    await close();
    throw error;
  }
  const first = group.serving(1);
  const facts = (await first?.ready) as Pick<App, "services" | "exampleMethod" | "skeletons">; // as runWorker tells them
  const key = production ? undefined : await first?.ask(ABOUT.developmentKey, ANSWER_MS.developmentKey);
  const { bound } = port;
  const url = urlOf({ host: bound.address, port: bound.port, encrypted: config.tls.keyFile !== "" });
  let drained: Promise<void> | undefined;

  return {
    ...facts,
    workers: count,
    url,
    created: database.created,
    database: database.database,
    developmentKey: key === "" ? undefined : key,
    pageLink: config.web.enabled ? await pageLinkAt(url, production ? undefined : signIn.secret) : undefined,
    openCalls: () => Promise.all(group.members().map(callsOf)),
    roll: () => void group.roll(),
    gaveUp: group.gaveUp,
    drain: () => (drained ??= group.drain().then(close)),
  };
}

async function callsOf({ number, ask }: Member): Promise<WorkerCalls> {
  const json = await ask(ABOUT.openCalls, ANSWER_MS.openCalls);
  return { worker: number, calls: json === undefined ? [] : JSON.parse(json) };
}

/** What the sources are written in, or what they were compiled to. */
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";
