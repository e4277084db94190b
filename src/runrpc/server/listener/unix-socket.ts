import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { resolve as resolvePath } from "node:path";

/** How a host names a Unix socket: `unix:app.sock`, `unix:/run/app.sock`, or `unix:///run/app.sock` as gRPC has it. */
const PREFIX = "unix:";

/** The greatest name that the kernel takes, in bytes, without its end (`sun_path` in unix(7)). */
const MAX_PATH_BYTES = 107;

/** Its owner and its group may connect: who can open the file counts as a peer on this machine. */
const MODE = 0o660;

/** The path of the Unix socket that a host names, absolute; undefined where it names none. */
export function unixPathOf(host: string): string | undefined {
  if (!host.startsWith(PREFIX)) return undefined;
  return resolvePath(host.slice(PREFIX.length).replace(/^\/\/(?=\/)/, ""));
}

/**
 * Makes a path free for a socket: one that a process left behind when it was killed is removed, when nobody answers on it.
 *
 * @throws Error that says what is in the way, or why the path cannot be had.
 */
export async function clearUnixPath(path: string): Promise<void> {
  const byteLength = Buffer.byteLength(path);
  if (byteLength > MAX_PATH_BYTES)
    throw new Error(
      `the path of the Unix socket ${path} has ${byteLength} bytes, the maximum is ${MAX_PATH_BYTES}: choose another with --host`,
    );
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new Error(`${path} is there and is no socket: remove it or choose another with --host`);
  if (await isAnswered(path))
    throw new Error(
      `the Unix socket ${path} is in use: stop the other process or choose another with --host`,
    );
  unlinkSync(path);
}

/** To be called at once when the socket is bound, before anybody is let in. */
export function restrictUnixPath(path: string): void {
  chmodSync(path, MODE);
}

/** Whether a process listens. One that may not be asked (EACCES) counts as one that does. */
function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once("connect", () => resolve(true));
  socket.once("error", (error: Error & { code?: string }) => resolve(error.code !== "ECONNREFUSED"));
  return promise.finally(() => socket.destroy());
}
