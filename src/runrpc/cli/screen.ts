import type { Readable, Writable } from "node:stream";
import type { Io } from "./io.ts";
import type { ScreenSize } from "./top-screen.ts";

/** A terminal that is drawn on; what was there comes back at its end. */
export interface Screen {
  size(): ScreenSize;
  /** Draws lines from the top. */
  show(lines: readonly string[]): void;
  /** Resolves when q is typed, or the terminal is closed. */
  readonly quit: Promise<undefined>;
  close(): void;
}

/** Xterm's second screen, and its cursor; https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
/** To the end of the line, and below it. */
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** Ctrl-C, where the terminal gives keys as they are typed, and sends no signals. */
const INTERRUPT = "\x03";

/** @param onResize called when the terminal has another size */
export function openScreen({ stdin, stdout }: Pick<Io, "stdin" | "stdout">, onResize: () => void): Screen {
  const quit = Promise.withResolvers<undefined>();
  const onKey = (keys: Buffer | string): void => {
    const text = String(keys);
    if (text.includes(INTERRUPT)) process.kill(process.pid, "SIGINT");
    else if (/q/i.test(text)) quit.resolve(undefined);
  };
  const onEnd = (): void => quit.resolve(undefined);
  setRaw(stdin, true);
  stdin.on("data", onKey).once("end", onEnd);
  stdout.on("resize", onResize);
  stdout.write(ENTER);
  return {
    size: () => sizeOf(stdout),
    show(lines) {
      stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join("\r\n")}${CLEAR_BELOW}`);
    },
    quit: quit.promise,
    close() {
      stdout.off("resize", onResize);
      stdin.off("data", onKey).off("end", onEnd);
      stdin.pause();
      setRaw(stdin, false);
      stdout.write(LEAVE);
    },
  };
}

/** Whether a stream is a terminal. */
export function isTerminal(stream: object): boolean {
  return "isTTY" in stream && stream.isTTY === true;
}

function setRaw(stdin: Readable, isRaw: boolean): void {
  if (isTerminal(stdin) && "setRawMode" in stdin && typeof stdin.setRawMode === "function")
    stdin.setRawMode(isRaw);
}

/** A terminal that does not say how large it is has what they had at first. */
function sizeOf(stdout: Writable): ScreenSize {
  const { columns, rows } = stdout as Partial<ScreenSize>; // a terminal's stream has both
  return { columns: columns || 80, rows: rows || 24 };
}
