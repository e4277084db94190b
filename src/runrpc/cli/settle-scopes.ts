import { createInterface } from "node:readline/promises";
import { troubleWithScopes } from "../app/scopes.ts";
import { CommandFailure, type Io } from "./io.ts";

/** What was typed for `--scope`, several times or parted by commas. */
export function scopesFrom(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => text.split(/[\s,]+/)).filter((scope) => scope !== "");
}

/**
 * The scopes that a key is to have. Where none was given, or one that no method asks for, a person at a terminal is asked;
 * a script is told on standard error, and has the key.
 *
 * @throws CommandFailure when the person thinks better of it.
 */
export async function settleScopes(
  given: readonly string[],
  known: readonly string[],
  io: Pick<Io, "stdin" | "stderr">,
): Promise<readonly string[]> {
  const trouble = troubleWithScopes(given, known);
  if (trouble === undefined) return given;
  io.stderr.write(`${trouble}\n`);
  if (!isTerminal(io.stdin) || !isTerminal(io.stderr)) return given;
  if (given.length > 0) {
    const answer = await ask("Make the key all the same? [y/N] ", io);
    if (/^y(es)?$/i.test(answer?.trim() ?? "")) return given;
    throw noKey();
  }
  const answer = await ask("Scopes (none: just Enter): ", io);
  if (answer === undefined) throw noKey();
  const scopes = scopesFrom([answer]);
  return scopes.length === 0 ? [] : settleScopes(scopes, known, io);
}

function noKey(): CommandFailure {
  return new CommandFailure("no key was made");
}

function isTerminal(stream: object): boolean {
  return "isTTY" in stream && stream.isTTY === true;
}

/** A line; undefined when there is none, as after Ctrl-D. */
async function ask(
  question: string,
  { stdin, stderr }: Pick<Io, "stdin" | "stderr">,
): Promise<string | undefined> {
  const lines = createInterface({ input: stdin, output: stderr });
  const ended = new Promise<undefined>((resolve) => lines.once("close", () => resolve(undefined)));
  try {
    return await Promise.race([lines.question(question), ended]);
  } finally {
    lines.close();
  }
}
