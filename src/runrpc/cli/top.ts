import type { Command } from "commander";
import { MonitorService, type WatchResponse } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { CommandFailure, type Io, usageError } from "./io.ts";
import { addRemoteOptions, DRAINED, NO_MONITOR, type RemoteOptions, withRemote } from "./remote.ts";
import { isTerminal, openScreen } from "./screen.ts";
import { topScreen } from "./top-screen.ts";

interface TopOptions extends RemoteOptions {
  readonly interval: string;
  readonly once?: boolean | undefined;
}

/** `runrpc top`: what a running server does, method by method, and its open calls. */
export function configure(command: Command, io: Io): void {
  command
    .option("--interval <seconds>", "how often to look, 0.1 to 60", "1")
    .option("--once", "look for one interval, print it, and end; so it is where there is no terminal");
  addRemoteOptions(command, io);
  command.addHelpText("after", notes).action(async () => {
    io.finish(await top(command.opts<TopOptions>(), io));
  });
}

const notes = `
In production the server has to run with --monitor; the key needs the scope admin. q and Ctrl-C end it. Durations are those of the last
interval; p95 and p99 of few calls are those of the slowest.

Examples:
  runrpc top
  runrpc top --interval 5 --address https://api.example.com
  runrpc top --once

Exit codes: 0 it was ended by q, or the server has drained; 1 the server could not be asked; 130 by Ctrl-C.
`;

/** More than a screen has. */
const MAX_OPEN_CALLS = 200;

/** Where nothing is cut off. */
const ENDLESS = { columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY };

async function top(options: TopOptions, io: Io): Promise<number> {
  const request = { intervalMs: intervalOf(options), maxOpenCalls: MAX_OPEN_CALLS };
  const isLive = options.once !== true && isTerminal(io.stdout);
  return withRemote(MonitorService, options, io, NO_MONITOR, async (client, settings) => {
    const looks = client.watch(request, settings);
    if (isLive) await follow(looks, options.address, io);
    else await printOne(looks, options.address, io);
  });
}

/** The first look has no rates. */
async function printOne(looks: AsyncIterable<WatchResponse>, address: string, io: Io): Promise<void> {
  for await (const look of looks) {
    if (look.intervalMs === 0) continue;
    io.stdout.write(`${topScreen(look, address, ENDLESS).join("\n")}\n`);
    return;
  }
  throw new CommandFailure("the server drained before it was looked at for one interval");
}

async function follow(looks: AsyncIterable<WatchResponse>, address: string, io: Io): Promise<void> {
  const iterator = looks[Symbol.asyncIterator]();
  let last: WatchResponse | undefined;
  let hasDrained = false;
  const screen = openScreen(io, () => draw());
  const draw = (): void => {
    if (last !== undefined) screen.show(topScreen(last, address, screen.size()));
  };
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), screen.quit]);
      if (next === undefined) return;
      if (next.done === true) {
        hasDrained = true;
        return;
      }
      last = next.value;
      draw();
    }
  } finally {
    screen.close();
    void iterator.return?.();
    // On the screen that comes back nothing would tell why.
    if (hasDrained) io.stderr.write(DRAINED);
  }
}

function intervalOf({ interval }: TopOptions): number {
  const seconds = /^\d+(\.\d+)?$/.test(interval) ? Number(interval) : 0;
  if (seconds >= 0.1 && seconds <= 60) return Math.round(seconds * 1_000);
  throw usageError(`--interval is "${interval}"; it takes seconds from 0.1 to 60`);
}
