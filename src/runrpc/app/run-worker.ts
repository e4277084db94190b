import { Code, ConnectError } from "@connectrpc/connect";
import { answerBeat, BEAT } from "../workers/heartbeat.ts";
import { holdLifeline } from "../workers/lifeline.ts";
import type { Answers, ToPeers } from "../workers/peers.ts";
import { linkToPrimary, type PrimaryLink } from "../workers/primary-link.ts";
import { contractsFromText } from "./contracts-text.ts";
import { failureText } from "./failure-text.ts";
import { importApp } from "./import-app.ts";
import { shareConfig } from "./share-config.ts";
import { type App, createDebugMode, startProcess } from "./start-app.ts";
import { ABOUT, ANSWER_TIMEOUT_MS, CONTRACTS_TIMEOUT_MS } from "./worker-letters.ts";
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
  readonly questions = new Map<string, (text: string) => string | Promise<string>>();
  readonly notices = new Map<string, (text: string) => void>();
  readonly lastWords = new Map<string, () => string>();

  answer(about: string, text: string): string | Promise<string> {
    const answer = this.questions.get(about);
    if (answer === undefined) throw new Error(`nobody answers ${about}`);
    return answer(text);
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
  process.on("SIGUSR2", ignore);
  const terminated = Promise.withResolvers<void>();
  process.on("SIGTERM", () => setTimeout(terminated.resolve, ECHO_MS));
  const reader = new Reader();
  reader.questions.set(BEAT, answerBeat);
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
  if (metrics !== undefined) await link.tell(ABOUT.metrics, await metrics(""));
  for (const [about, words] of reader.lastWords) {
    const text = words();
    if (text !== "") await link.tell(about, text);
  }
  process.exit();
}

async function start(
  number: number,
  { config, production, main, writer, ticketKeys, pageSecret }: WorkerTask,
  link: PrimaryLink,
  { questions, notices, lastWords }: Reader,
): Promise<App> {
  // Before the application's code is loaded, which may take functions out of the modules that debug mode wraps.
  const debug = config.server.debug ? await createDebugMode(config) : undefined;
  const definition = await importApp(main);
  if (definition === undefined) throw new Error(`${main} does not export an application`);
  const { host, port } = config.server;
  async function askPrimary(
    about: string,
    text = "",
    timeoutMs: number = ANSWER_TIMEOUT_MS.all,
  ): Promise<string> {
    const answer = await link.ask(about, timeoutMs, text);
    if (answer === undefined)
      throw new ConnectError("the process that leads the workers did not answer", Code.Unavailable);
    return answer;
  }
  const app = await startProcess(
    definition,
    { config: shareConfig(config), production },
    {
      debug,
      contracts: async () =>
        contractsFromText(await askPrimary(ABOUT.contracts, "", CONTRACTS_TIMEOUT_MS).catch(() => "")),
    },
    {
      number,
      sockets: link.sockets({ bound: { address: host, port }, ticketKeys: Buffer.from(ticketKeys, "hex") }),
      writer,
      metrics(own) {
        questions.set(ABOUT.metrics, own);
        return () => askPrimary(ABOUT.metrics);
      },
      peers: {
        name: String(process.pid),
        async ask(about, text, who = {}) {
          const question: ToPeers = { ...who, about, text };
          const timeoutMs = (who.timeoutMs ?? 0) + ANSWER_TIMEOUT_MS.all;
          const answers = await askPrimary(ABOUT.peers, JSON.stringify(question), timeoutMs);
          return JSON.parse(answers) as Answers; // as `startGroup` answers
        },
        answer: (about, answer) => void questions.set(about, answer),
        leave: (about, words) => void lastWords.set(about, words),
      },
      signIn: {
        secret: Buffer.from(pageSecret, "hex"),
        claim: async () => (await askPrimary(ABOUT.claimSignIn)) === "yes",
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
