import { once } from "node:events";
import { createInterface, type Interface } from "node:readline/promises";
import { type Arguments, wrongExample } from "./arguments.ts";

/** What a project is made by. */
export interface Choices {
  readonly folder: string;
  readonly example: string;
}

/** Ctrl-C, or the end of what is typed, in the middle of a question. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

const defaults: Choices = { folder: "my-app", example: "unary" };

/** The defaults for what the command line leaves open. */
export function choicesOf({ folder, example }: Arguments): Choices {
  return { folder: folder ?? defaults.folder, example: example ?? defaults.example };
}

/**
 * Asks on the terminal for what the command line leaves open.
 * @throws Interrupted
 */
export async function ask(args: Arguments, examples: readonly string[]): Promise<Choices> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const end = new AbortController();
  terminal.once("SIGINT", () => end.abort()).once("close", () => end.abort());
  try {
    const folder = args.folder ?? (await answer(terminal, "Folder", defaults.folder, end.signal));
    let { example } = args;
    while (example === undefined) {
      const question = `Services in it: ${examples.join(", ")}`;
      const given = await answer(terminal, question, defaults.example, end.signal);
      if (examples.includes(given)) example = given;
      else process.stdout.write(`${wrongExample(given, examples)}\n`);
    }
    return { folder, example };
  } catch (error) {
    throw end.signal.aborted ? new Interrupted("nothing was made") : error;
  } finally {
    terminal.close();
  }
}

async function answer(terminal: Interface, question: string, usual: string, signal: AbortSignal) {
  // A question goes on waiting when the input has ended, unless its signal says so.
  const ended = once(signal, "abort").then(() => "");
  const given = await Promise.race([terminal.question(`${question} [${usual}]: `, { signal }), ended]);
  signal.throwIfAborted();
  return given.trim() === "" ? usual : given.trim();
}
