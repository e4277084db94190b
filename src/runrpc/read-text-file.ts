import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** How a file is read. */
export interface ReadTextOptions {
  /** What is longer is refused, in bytes. Default 1 MiB. */
  readonly maxBytes?: number;
  /** A file that is no ordinary one is refused, as a pipe is, which would be waited for. Default: it is read to its end. */
  readonly onlyOrdinary?: boolean;
}

/**
 * Reads a file that people write, such as a configuration, and that may be anything by mistake. A byte order mark is left out.
 *
 * @throws Error that says what is wrong with it: it is not there, no ordinary file, too long, or no UTF-8.
 */
export function readTextFile(path: string, options: ReadTextOptions = {}): string {
  const { maxBytes = 1_048_576, onlyOrdinary = false } = options;
  const bytes = readBounded(path, maxBytes, onlyOrdinary);
  if (bytes.length > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const isUtf16 = bytes[0] === 0xff || bytes[0] === 0xfe;
    throw new Error(`it is ${isUtf16 ? "UTF-16" : "no UTF-8"}: save it as UTF-8`);
  }
}

/** All of it, or one byte more than may be. */
function readBounded(path: string, maxBytes: number, onlyOrdinary: boolean): Buffer {
  // Opened without waiting, a pipe that nobody writes to is there to be looked at.
  const file = openSync(path, onlyOrdinary ? constants.O_RDONLY | constants.O_NONBLOCK : constants.O_RDONLY);
  try {
    if (onlyOrdinary && !fstatSync(file).isFile()) throw new Error("it is no ordinary file");
    const bytes = Buffer.allocUnsafe(maxBytes + 1);
    let length = 0;
    for (;;) {
      const read = readSync(file, bytes, length, bytes.length - length, null);
      length += read;
      if (read === 0 || length === bytes.length) return Buffer.from(bytes.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
}
