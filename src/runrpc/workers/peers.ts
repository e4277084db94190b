import type { Letters } from "./letters.ts";

/** The processes that serve one port, as one of them knows them. */
export interface Peers {
  /** Of this process: none of the others has it. */
  readonly name: string;
  /**
   * Asks all, itself included. Rejects when the primary does not answer, with an error for whoever asked this process.
   */
  ask(about: string, text: string, who?: Asked): Promise<Answers>;
  /** Answers what one of them asks about. One that throws, or rejects, counts as silent. */
  answer(about: string, answer: (text: string) => string | Promise<string>): void;
  /** Has the primary told, when this process ends in good order, what the others may still ask of it. Empty: nothing. */
  leave(about: string, words: () => string): void;
}

/** Who is asked. */
export interface Asked {
  /** The one of this name: there is no answer, and nobody is silent, where it is gone. Default: all. */
  readonly name?: string;
  /** How long an answer is waited for, in milliseconds. Default: what the primary takes for enough. */
  readonly timeoutMs?: number;
}

/** What those who were asked have answered. */
export interface Answers {
  readonly answers: readonly string[];
  /** How many did not answer in time. */
  readonly silent: number;
}

/** A question to all or one of them, as the primary is asked it. */
export interface ToPeers extends Asked {
  readonly about: string;
  readonly text: string;
}

/** A worker, as it is asked. */
interface AskedWorker extends Pick<Letters, "ask"> {
  readonly name: string;
}

/** What these answer. @param enoughMs the default of `Asked.timeoutMs` */
export async function answersOf(
  workers: readonly AskedWorker[],
  { about, text, name, timeoutMs }: ToPeers,
  enoughMs: number,
): Promise<Answers> {
  const asked = name === undefined ? workers : workers.filter((worker) => worker.name === name);
  const answers = await Promise.all(asked.map(({ ask }) => ask(about, timeoutMs ?? enoughMs, text)));
  const told = answers.filter((answer) => answer !== undefined);
  return { answers: told, silent: answers.length - told.length };
}

/** A process that serves a port alone. What it asks rejects as its answer does. */
export function alone(): Peers {
  const questions = new Map<string, (text: string) => string | Promise<string>>();
  return {
    name: "",
    async ask(about, text) {
      const answer = questions.get(about);
      return answer === undefined ? { answers: [], silent: 1 } : { answers: [await answer(text)], silent: 0 };
    },
    answer: (about, answer) => void questions.set(about, answer),
    leave() {},
  };
}
