import type { Readable, Writable } from "node:stream";
import { styleText } from "node:util";
import type { Environment } from "../config/config.ts";

/** What a command reads from and writes to. */
export interface Io {
  readonly env: Environment;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** From here on it ends nothing that nobody takes the output: for a server, which goes on without. */
  outliveReaders(): void;
  /** Sets the exit code of the command that has just ended. */
  finish(code: number): void;
}

/** The exit codes of every command, as `--help` tells them. A signal's code is 128 plus its number, as in a shell. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

/** Ends a command with a message and an exit code, and without a stack. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A failure that the person who typed the command can mend by typing another one. */
export function usageError(message: string): CommandFailure {
  return new CommandFailure(message, exitCodes.usage);
}

/** Styles a text for a stream: plain where the stream is no terminal, and where NO_COLOR is set. */
export function style(
  stream: Writable,
  format: "bold" | "dim" | "red" | "green" | "cyan",
  text: string,
): string {
  return styleText(format, text, { stream });
}

/** Columns as wide as their widest cell, two spaces apart. The first row is the heading. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
