import { type Registry, toJson } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { type Command, Option } from "commander";
import { printable } from "../printable.ts";
import { exitCodeOf, watchStopSignals } from "../signals.ts";
import { describeMethod, kindNames, methodTable } from "./call/describe.ts";
import { findMethod, findTarget } from "./call/find-method.ts";
import { invoke, writeLine } from "./call/invoke.ts";
import { addOtherNames } from "./call/other-names.ts";
import { sameMethodHere } from "./call/own-contract.ts";
import { readProto } from "./call/read-proto.ts";
import { createReflectionClient } from "./call/reflect.ts";
import { formatError, hintFor, shownErrorOf } from "./call/show-error.ts";
import { createTransport, keyHeader, protocols, type TransportSettings } from "./call/transport.ts";
import { CommandFailure, exitCodes, type Io, usageError } from "./io.ts";

interface CallOptions extends TransportSettings {
  readonly header: readonly string[];
  readonly key?: string | undefined;
  readonly deadlineMs?: string | undefined;
  readonly proto?: string | undefined;
  readonly describe?: boolean | undefined;
  readonly emitDefaults?: boolean | undefined;
  readonly verbose?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `runrpc call`: any method of any server that has reflection. */
export function configure(command: Command, io: Io): void {
  const { RUNRPC_ADDRESS: address = "http://localhost:50051" } = io.env;
  command
    .argument(
      "[method]",
      "such as users.v1.UserService/GetUser or UserService/GetUser; a service lists its methods",
    )
    .argument("[json...]", "the request; several for a method that streams requests; - reads stdin")
    .option("--address <url>", "the server, or RUNRPC_ADDRESS", address)
    .addOption(new Option("--protocol <name>", "what to speak").choices(protocols).default("grpc"))
    .option("-H, --header <name:value>", "a header to send; may be repeated", collect, [])
    .option("--key <key>", "an API key; better in RUNRPC_KEY, where other users of the machine cannot see it")
    .option("--deadline-ms <n>", "how long the call may take")
    .option("--insecure", "take any TLS certificate")
    .option("--ca-file <file>", "the authorities to trust, PEM")
    .option("--client-cert-file <file>", "a certificate to show to the server, PEM")
    .option("--client-key-file <file>", "its private key, PEM")
    .option(
      "--proto <file>",
      "a .proto file, a folder of them or a descriptor set, for a server without reflection",
    )
    .option("--describe", "print what the method asks for, and its messages, instead of calling it")
    .option("--emit-defaults", "print fields that have their default value too")
    .option("-v, --verbose", "print headers and trailers of the response on stderr")
    .option("--json", "lists and errors as JSON too")
    .addHelpText("after", notes);
  addOtherNames(command);
  command.action(async (method: string | undefined, json: string[]) => {
    io.finish(await call(method, json, command.opts<CallOptions>(), io));
  });
}

/** Not commander's variadic kind, which would take the method for a second header. */
function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

const notes = `
The server's reflection tells its methods (v1, else v1alpha), or the files that --proto names. --describe has the comments of
the contract here, in a project whose contract is the server's. Messages come out as JSON, one a line. A method that streams
requests reads JSON lines from stdin when none are given, and sends each as it comes. Ctrl-C cancels the call.

Examples:
  runrpc call                                        what services there are
  runrpc call UserService                            what methods it has
  runrpc call UserService/GetUser --describe         what it takes and gives
  runrpc call --proto proto UserService/GetUser '{}' of a server without reflection
  runrpc call UserService/GetUser '{"id": "..."}'
  runrpc call EventService/StreamEvents | jq .event
  runrpc call LogService/UploadLogs < logs.jsonl

Exit codes: 0 the call ended with OK; 1 it ended with another code, which is the first word on stderr; 2 the command
line or the JSON is wrong; 130 it was cancelled by Ctrl-C.
`;

async function call(
  typed: string | undefined,
  args: readonly string[],
  options: CallOptions,
  io: Io,
): Promise<number> {
  const abort = new AbortController();
  const signals = watchStopSignals();
  signals.first.then((signal) => abort.abort(new CommandFailure("cancelled", exitCodeOf(signal))));
  const state: CallState = { step: "reflection", registry: undefined };
  try {
    await Promise.race([
      run(typed, args, options, { io, signal: abort.signal, state }),
      signals.second.then(() => abort.signal.throwIfAborted()),
    ]);
    return exitCodes.ok;
  } catch (error) {
    if (abort.signal.aborted) throw abort.signal.reason;
    if (!(error instanceof ConnectError)) throw error;
    const shown = shownErrorOf(error, state.registry);
    const hint = hintFor(error, options.address, state.step);
    io.stderr.write(options.json ? `${JSON.stringify(shown)}\n` : formatError(shown, hint));
    return exitCodes.failed;
  } finally {
    signals.close();
  }
}

/** How far a call has come: an error is explained with it. */
interface CallState {
  step: "reflection" | "call";
  registry: Registry | undefined;
}

interface Running {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly state: CallState;
}

async function run(
  typed: string | undefined,
  args: readonly string[],
  options: CallOptions,
  { io, signal, state }: Running,
): Promise<void> {
  const headers = headersOf(options, io);
  const timeoutMs = deadlineOf(options);
  const transport = createTransport(options);
  const reflection =
    options.proto === undefined
      ? createReflectionClient(transport, { headers, signal })
      : await readProto(options.proto);
  const services = await reflection.listServices();
  if (typed === undefined) {
    io.stdout.write(options.json ? `${JSON.stringify(services)}\n` : `${services.join("\n")}\n`);
    return;
  }
  const target = findTarget(typed, services);
  const registry = await reflection.describe(target.service);
  state.registry = registry;
  const service = registry.getService(target.service);
  if (service === undefined) throw new CommandFailure(`reflection sent a file without ${target.service}`);
  if (target.method === undefined || target.method === "") {
    const list = service.methods.map((method) => ({
      method: `${service.typeName}/${method.name}`,
      kind: kindNames[method.methodKind],
      request: method.input.typeName,
      response: method.output.typeName,
    }));
    io.stdout.write(options.json ? `${JSON.stringify(list)}\n` : `${methodTable(service)}\n`);
    return;
  }
  const method = findMethod(service, target.method);
  if (options.describe) {
    const own = options.proto === undefined ? await sameMethodHere(method) : undefined;
    io.stdout.write(`${describeMethod(own ?? method)}\n`);
    return;
  }
  state.step = "call";
  await invoke({
    transport,
    method,
    registry,
    args,
    stdin: io.stdin,
    headers,
    timeoutMs,
    signal,
    onMessage: (message) => {
      const json = toJson(method.output, message, {
        registry,
        alwaysEmitImplicit: options.emitDefaults ?? false,
      });
      // What may not be shown is escaped as JSON has it: for a program it is the same.
      return writeLine(io.stdout, printable(JSON.stringify(json)));
    },
    onHeaders: (kind, received) => {
      if (!options.verbose) return;
      for (const [name, value] of received) io.stderr.write(`${kind} ${name}: ${printable(value)}\n`);
    },
  });
}

function headersOf(options: CallOptions, io: Io): Headers {
  const headers = new Headers();
  for (const text of options.header) {
    const colon = text.indexOf(":");
    if (colon < 1) throw usageError(`--header is "${text}"; it takes name:value`);
    try {
      headers.append(text.slice(0, colon).trim(), text.slice(colon + 1).trim());
    } catch {
      throw usageError(`--header is "${text}"; HTTP does not allow such a name or value`);
    }
  }
  for (const [name, key] of Object.entries(keyHeader(options.key ?? io.env.RUNRPC_KEY)))
    headers.set(name, key);
  return headers;
}

/** The greatest is that of a timer in Node: 2^31-1 ms, 24 days. */
function deadlineOf({ deadlineMs }: CallOptions): number | undefined {
  if (deadlineMs === undefined) return undefined;
  const value = /^\d+$/.test(deadlineMs) ? Number(deadlineMs) : 0;
  if (value >= 1 && value <= 2_147_483_647) return value;
  throw usageError(`--deadline-ms is "${deadlineMs}"; it takes a whole number from 1 to 2147483647`);
}
