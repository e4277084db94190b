import { holdLifeline } from "../workers/lifeline.ts";
import { linkToPrimary, type PrimaryLink } from "../workers/primary-link.ts";
import { failureText } from "./failure-text.ts";
import { importApp } from "./import-app.ts";
import { shareConfig } from "./share-config.ts";
import { type App, createDebugMode, startProcess } from "./start-app.ts";
import { ABOUT, METRICS_TIMEOUT_MS } from "./worker-letters.ts";
import { taskFromJson, type WorkerTask } from "./worker-task.ts";

/** How long this process may go on when the primary is gone, in milliseconds: what is open is told, and records are written. */
const LAST_WORDS_MS = 5_000;

/** The same, for one whose event loop does not come to end it. */
const HELD_MS = LAST_WORDS_MS + 2_000;

/**
 * How long the primary has to ask for a drain after a SIGTERM came to this process, in milliseconds: a supervisor may send it to all
 * processes at once. Without that, it was meant for this one alone.
 */
const ECHO_MS = 1_000;

/** What others ask and tell this process. */
class Reader {
  readonly questions = new Map<string, () => string | Promise<string>>();
  readonly notices = new Map<string, (text: string) => void>();

  answer(about: string): string | Promise<string> {
    const answer = this.questions.get(about);
    if (answer === undefined) throw new Error(`nobody answers ${about}`);
    return answer();
  }

  hear(about: string, text: string): void {
    this.notices.get(about)?.(text);
  }
}

/** Serves what the primary says, until it says to drain, or is gone. The process ends with it. */
export async function runWorker(): Promise<void> {
  // Ctrl-C and a terminal that closes come to all processes, and the primary says what becomes of them.
  process.on("SIGINT", ignore);
  process.on("SIGHUP", ignore);
  const terminated = Promise.withResolvers<void>();
  process.on("SIGTERM", () => setTimeout(terminated.resolve, ECHO_MS));
  const reader = new Reader();
  const link = linkToPrimary(process, reader);
  holdLifeline(HELD_MS);
  void link.gone.then(() => setTimeout(() => process.exit(1), LAST_WORDS_MS));
  const { number, task } = await link.start;
  const app = await start(number, taskFromJson(task), link, reader).catch(async (error: unknown) => {
    await link.failed(failureText(error));
    process.exit(1);
  });
  link.ready({ services: app.services, exampleMethod: app.exampleMethod, skeletons: app.skeletons });
  void link.gone.then(app.cutShort);
  const isReplaced = { isReplaced: true };
  await app.drain(
    await Promise.race([
      link.drain,
      Promise.race([link.gone, app.strayed, terminated.promise]).then(() => isReplaced),
    ]),
  );
  const metrics = reader.questions.get(ABOUT.metrics);
  if (metrics !== undefined) await link.tell(ABOUT.metrics, await metrics());
  process.exit();
}

async function start(
  number: number,
  { config, production, main, writer, ticketKeys }: WorkerTask,
  link: PrimaryLink,
  { questions, notices }: Reader,
): Promise<App> {
  // Before the application's code is loaded, which may take functions out of the modules that debug mode wraps.
  const debug = config.server.debug ? await createDebugMode(config) : undefined;
  const definition = await importApp(main);
  if (definition === undefined) throw new Error(`${main} does not export an application`);
  const { host, port } = config.server;
  const app = await startProcess(
    definition,
    { config: shareConfig(config), production },
    { debug },
    {
      number,
      sockets: link.sockets({ bound: { address: host, port }, ticketKeys: Buffer.from(ticketKeys, "hex") }),
      writer,
      metrics(own) {
        questions.set(ABOUT.metrics, own);
        return async () => {
          const text = await link.ask(ABOUT.metrics, METRICS_TIMEOUT_MS.all);
          if (text === undefined) throw new Error("the primary did not answer");
          return text;
        };
      },
      onDevelopmentKey: (make) => questions.set(ABOUT.developmentKey, async () => (await make()) ?? ""),
      wakeChore: (what) => void link.tell(ABOUT.wakeChore, what),
      onWake: (wake) => notices.set(ABOUT.wakeChore, wake),
    },
  );
  questions.set(ABOUT.openCalls, () => JSON.stringify(app.openCalls?.() ?? []));
  return app;
}

function ignore(): void {}
