import type { Command } from "commander";
import { MonitorService, type WatchResponse } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { followLooks } from "./follow-looks.ts";
import { CommandFailure, type Io, usageError } from "./io.ts";
import { addRemoteOptions, NO_MONITOR, type RemoteOptions, withRemote } from "./remote.ts";
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
interval; p95 and p99 of few calls are those of the slowest. It goes on through restarts of the server, and says while it is not there.

Examples:
  runrpc top
  runrpc top --interval 5 --address https://api.example.com
  runrpc top --once

Exit codes: 0 it was ended by q; 1 the server could not be asked; 130 by Ctrl-C.
`;

/** More than a screen has. */
const MAX_OPEN_CALLS = 200;

/** Where nothing is cut off. */
const ENDLESS = { columns: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY };

async function top(options: TopOptions, io: Io): Promise<number> {
  const request = { intervalMs: intervalOf(options), maxOpenCalls: MAX_OPEN_CALLS };
  const isLive = options.once !== true && isTerminal(io.stdout);
  return withRemote(MonitorService, options, io, NO_MONITOR, async (client, settings) => {
    if (!isLive) return printOne(client.watch(request, settings), options.address, io);
    const leave = new AbortController();
    const signal = AbortSignal.any([settings.signal, leave.signal]);
    try {
      await follow(
        (onTrouble) => followLooks(client, request, { ...settings, signal }, onTrouble),
        options.address,
        io,
      );
    } finally {
      leave.abort();
    }
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

async function follow(
  open: (onTrouble: (why: string | undefined) => void) => AsyncGenerator<WatchResponse>,
  address: string,
  io: Io,
): Promise<void> {
  let last: WatchResponse | undefined;
  let trouble: string | undefined;
  const screen = openScreen(io, () => draw());
  const draw = (): void => {
    if (last !== undefined) screen.show(topScreen(last, address, screen.size(), trouble));
  };
  const looks = open((why) => {
    trouble = why;
    draw();
  });
  try {
    for (;;) {
      const next = await Promise.race([looks.next(), screen.quit]);
      if (next === undefined || next.done === true) return;
      // The first of another stream has no rates.
      if (last === undefined || next.value.intervalMs > 0) last = next.value;
      draw();
    }
  } finally {
    screen.close();
  }
}

function intervalOf({ interval }: TopOptions): number {
  const seconds = /^\d+(\.\d+)?$/.test(interval) ? Number(interval) : 0;
  if (seconds >= 0.1 && seconds <= 60) return Math.round(seconds * 1_000);
  throw usageError(`--interval is "${interval}"; it takes seconds from 0.1 to 60`);
}
