import { open, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import type { Command } from "commander";
import { DebugService, TakeProfileRequest_Kind } from "../../../gen/runrpc/monitor/v1/debug_pb.ts";
import { exitCodeOf, watchStopSignals } from "../signals.ts";
import { formatError, hintFor, shownErrorOf } from "./call/show-error.ts";
import { createTransport, type TransportSettings } from "./call/transport.ts";
import { CommandFailure, exitCodes, type Io, usageError } from "./io.ts";

interface ProfileOptions extends Omit<TransportSettings, "protocol"> {
  readonly seconds: string;
  readonly heap?: boolean | undefined;
  readonly out?: string | undefined;
  readonly key?: string | undefined;
}

/** `runrpc profile`: a CPU profile or a heap snapshot of a running server. */
export function configure(command: Command, io: Io): void {
  const { RUNRPC_ADDRESS: address = "http://localhost:50051" } = io.env;
  command
    .option("--seconds <n>", "how long to record, 1 to 300", "5")
    .option("--heap", "what memory holds, in place of where time is spent; the server stands still meanwhile")
    .option("--out <file>", "where to write it; it must not be there (default: a name with the time)")
    .option("--address <url>", "the server, or RUNRPC_ADDRESS", address)
    .option("--key <key>", "an API key with the scope admin; better in RUNRPC_KEY")
    .option("--insecure", "take any TLS certificate")
    .option("--ca-file <file>", "the authorities to trust, PEM")
    .option("--client-cert-file <file>", "a certificate to show to the server, PEM")
    .option("--client-key-file <file>", "its private key, PEM")
    .addHelpText("after", notes)
    .action(async () => {
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

async function profile(options: ProfileOptions, io: Io): Promise<number> {
  const seconds = secondsOf(options);
  const { heap = false, key = io.env.RUNRPC_KEY, address } = options;
  const file = options.out ?? defaultName(heap);
  const client = createClient(DebugService, createTransport({ ...options, protocol: "grpc" }));
  const abort = new AbortController();
  const signals = watchStopSignals();
  void signals.first.then((signal) => abort.abort(new CommandFailure("cancelled", exitCodeOf(signal))));
  const request = {
    seconds,
    kind: heap ? TakeProfileRequest_Kind.HEAP : TakeProfileRequest_Kind.UNSPECIFIED,
  };
  const headers: Record<string, string> = key === undefined ? {} : { "x-api-key": key };
  const pieces = client.takeProfile(request, { signal: abort.signal, headers });
  try {
    await save(pieces, file);
  } catch (error) {
    abort.signal.throwIfAborted();
    if (!(error instanceof ConnectError)) throw error;
    const hint =
      error.code === Code.Unimplemented
        ? "The server is not in debug mode: start it with --debug."
        : hintFor(error, address, "call");
    io.stderr.write(formatError(shownErrorOf(error, undefined), hint));
    return exitCodes.failed;
  } finally {
    signals.close();
  }
  io.stdout.write(`${file}\n`);
  return exitCodes.ok;
}

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

function secondsOf({ seconds }: ProfileOptions): number {
  const value = /^\d+$/.test(seconds) ? Number(seconds) : 0;
  if (value >= 1 && value <= 300) return value;
  throw usageError(`--seconds is "${seconds}"; it takes a whole number from 1 to 300`);
}

function defaultName(heap: boolean): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  return `runrpc-${time}.${heap ? "heapsnapshot" : "cpuprofile"}`;
}
