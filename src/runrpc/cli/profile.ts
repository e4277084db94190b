import { existsSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { DebugService, TakeProfileRequest_Kind } from "../../../gen/runrpc/monitor/v1/debug_pb.ts";
import { CommandFailure, type Io, usageError } from "./io.ts";
import { addRemoteOptions, type RemoteOptions, withRemote } from "./remote.ts";

interface ProfileOptions extends RemoteOptions {
  readonly seconds: string;
  readonly heap?: boolean | undefined;
  readonly out?: string | undefined;
}

/** `runrpc profile`: a CPU profile or a heap snapshot of a running server. */
export function configure(command: Command, io: Io): void {
  command
    .option("--seconds <n>", "how long to record, 1 to 300", "5")
    .option("--heap", "what memory holds, in place of where time is spent; the server stands still meanwhile")
    .option("--out <file>", "where to write it; it must not be there (default: a name with the time)");
  addRemoteOptions(command, io);
  command.addHelpText("after", notes).action(async () => {
    io.finish(await profile(command.opts<ProfileOptions>(), io));
  });
}

const notes = `
The server has to run with --debug, and the key needs the scope admin. The file opens in Chrome's DevTools (Performance, and
Memory for a heap snapshot) and in VS Code. A heap snapshot holds everything that the process holds, keys and messages too.

Examples:
  runrpc profile --seconds 10
  runrpc profile --heap --out before.heapsnapshot

Exit codes: 0 the file was written; 1 it was not, and no file is left; 2 the command line is wrong.
`;

function profile(options: ProfileOptions, io: Io): Promise<number> {
  const seconds = secondsOf(options);
  const { heap = false } = options;
  const file = options.out ?? defaultName(heap);
  checkPlace(file);
  const kind = heap ? TakeProfileRequest_Kind.HEAP : TakeProfileRequest_Kind.UNSPECIFIED;
  return withRemote(DebugService, options, io, NO_DEBUG, async (client, settings) => {
    await save(client.takeProfile({ seconds, kind }, settings), file);
    io.stdout.write(`${file}\n`);
  });
}

const NO_DEBUG = "The server is not in debug mode: start it with --debug.";

/** The file is made when the first piece is there, and goes when the last one does not come: a call that fails leaves none. */
async function save(pieces: AsyncIterable<{ readonly piece: Uint8Array }>, file: string): Promise<void> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) throw new CommandFailure("the server sent an empty profile");
  async function* all(): AsyncGenerator<Uint8Array> {
    yield first.value.piece;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
      yield next.value.piece;
  }
  const handle = await open(file, "wx");
  try {
    await pipeline(Readable.from(all()), handle.createWriteStream());
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

/** Before anything is recorded, which takes its time. @throws CommandFailure (usage) where nothing can be written */
function checkPlace(file: string): void {
  if (existsSync(file)) throw usageError(`--out is "${file}", which is there already`);
  if (!existsSync(dirname(resolve(file)))) throw usageError(`--out is "${file}", whose folder is not there`);
}

function secondsOf({ seconds }: ProfileOptions): number {
  const value = /^\d+$/.test(seconds) ? Number(seconds) : 0;
  if (value >= 1 && value <= 300) return value;
  throw usageError(`--seconds is "${seconds}"; it takes a whole number from 1 to 300`);
}

function defaultName(heap: boolean): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  return `runrpc-${time}.${heap ? "heapsnapshot" : "cpuprofile"}`;
}
