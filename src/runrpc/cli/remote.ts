import type { DescService } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import type { Command } from "commander";
import { exitCodeOf, watchStopSignals } from "../signals.ts";
import { formatError, hintFor, shownErrorOf } from "./call/show-error.ts";
import { createTransport, keyHeader, type TransportSettings } from "./call/transport.ts";
import { CommandFailure, exitCodes, type Io } from "./io.ts";

/** How a command reaches a running server. */
export interface RemoteOptions extends Omit<TransportSettings, "protocol"> {
  readonly key?: string | undefined;
}

/** Gives a command the options of {@link RemoteOptions}. */
export function addRemoteOptions(command: Command, io: Pick<Io, "env">): void {
  const { RUNRPC_ADDRESS: address = "http://localhost:50051" } = io.env;
  command
    .option("--address <url>", "the server, or RUNRPC_ADDRESS", address)
    .option("--key <key>", "an API key with the scope admin; better in RUNRPC_KEY")
    .option("--insecure", "take any TLS certificate")
    .option("--ca-file <file>", "the authorities to trust, PEM")
    .option("--client-cert-file <file>", "a certificate to show to the server, PEM")
    .option("--client-key-file <file>", "its private key, PEM");
}

/** How each call of a command is made. */
export interface CallSettings {
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Calls a server until `use` is done, or a signal ends the command. Gives the exit code: an error of the server is told on
 * standard error.
 *
 * @param missing what to say where the server has no such service
 * @throws CommandFailure with the exit code of the signal
 */
export async function withRemote<S extends DescService>(
  service: S,
  options: RemoteOptions,
  io: Io,
  missing: string,
  use: (client: Client<S>, settings: CallSettings) => Promise<void>,
): Promise<number> {
  const { key = io.env.RUNRPC_KEY, address } = options;
  const headers = keyHeader(key);
  const client = createClient(service, createTransport({ ...options, protocol: "grpc" }));
  const abort = new AbortController();
  const signals = watchStopSignals();
  void signals.first.then((signal) => abort.abort(new CommandFailure("cancelled", exitCodeOf(signal))));
  try {
    await use(client, { signal: abort.signal, headers });
    return exitCodes.ok;
  } catch (error) {
    abort.signal.throwIfAborted();
    if (!(error instanceof ConnectError)) throw error;
    const hint = error.code === Code.Unimplemented ? missing : hintFor(error, address, "call");
    io.stderr.write(formatError(shownErrorOf(error, undefined), hint));
    return exitCodes.failed;
  } finally {
    signals.close();
  }
}

/** What is said where the server has no monitor. */
export const NO_MONITOR = "The server has no monitor: start it with --monitor.";
