import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError } from "../../data-error.ts";

/** A place for a socket that the owner of this process alone reaches. */
export interface SocketFolder {
  /** Where the socket is to be. */
  readonly socket: string;
  /** Removes the folder. */
  remove(): Promise<void>;
}

const prefix = "runrpc-writer-";

const socketName = "socket";

/** What the system takes for the name of a socket, in bytes, with one to end it: macOS takes fewest. */
const maxPathBytes = 103;

/** A folder is nobody's when nobody listens in it, and it is older than this, in milliseconds. */
const abandonedAfterMs = 60_000;

/**
 * Makes a folder of mode 0700 in the system's temporary folder, and removes those that processes left there which were
 * killed. Throws `failed_precondition` when the temporary folder's name is too long for a socket in it, and `unavailable` when
 * no folder can be made there.
 */
export async function makeSocketFolder(): Promise<SocketFolder> {
  const folder = await makeFolder();
  const socket = join(folder, socketName);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const bytes = Buffer.byteLength(socket);
  if (bytes <= maxPathBytes) return { socket, remove };
  await remove();
  throw new DataError(
    "failed_precondition",
    `${socket} has ${bytes} bytes, above the maximum of ${maxPathBytes} for the name of a socket: set TMPDIR to a shorter folder`,
  );
}

async function makeFolder(): Promise<string> {
  try {
    await removeAbandoned();
    return await mkdtemp(join(tmpdir(), prefix));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new DataError("unavailable", `there is no place for the socket of the writer: ${text}`, {
      cause: error,
    });
  }
}

async function removeAbandoned(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    const folder = join(tmpdir(), name);
    // Somebody else may be at the same; and what cannot be removed may stay.
    if (await isAbandoned(folder).catch(() => false))
      await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

async function isAbandoned(folder: string): Promise<boolean> {
  const { uid, mtimeMs } = await stat(folder);
  if (uid !== process.getuid?.() || Date.now() - mtimeMs < abandonedAfterMs) return false;
  return new Promise((resolve) => {
    const connection = createConnection(join(folder, socketName));
    connection.on("connect", () => {
      connection.destroy();
      resolve(false);
    });
    connection.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
}
