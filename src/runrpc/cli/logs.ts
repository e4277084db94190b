import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import type { Command } from "commander";
import { type EndedCall, MonitorService } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { closest, didYouMean } from "../closest.ts";
import { printable } from "../printable.ts";
import { followLooks } from "./follow-looks.ts";
import { type Io, usageError } from "./io.ts";
import { callLine, type LogFilter, matches } from "./log-lines.ts";
import { addRemoteOptions, NO_MONITOR, type RemoteOptions, withRemote } from "./remote.ts";
import { parseDurationMs } from "./when.ts";

interface LogsOptions extends RemoteOptions {
  readonly follow?: boolean | undefined;
  readonly lines: string;
  readonly method?: string | undefined;
  readonly code?: readonly string[] | undefined;
  readonly keyId?: string | undefined;
  readonly subject?: string | undefined;
  readonly requestId?: string | undefined;
  readonly since?: string | undefined;
  readonly slowerThan?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `runrpc logs`: the calls that a server has served, the latest last. */
export function configure(command: Command, io: Io): void {
  command
    .option("-f, --follow", "go on with calls as they end")
    .option("-n, --lines <n>", "how many of those that have ended, 0 to 10000; with -f at most 256", "20")
    .option("--method <name>", "of one method, such as users.v1.UserService/GetUser, or of one service")
    .option("--code <code...>", "that ended so: ok, not_found and so on; error: all that is not ok")
    .option("--key-id <id>", "by one key, such as rr_4f7Kq2Zd")
    .option("--subject <id>", "by one caller")
    .option("--request-id <id>", "with this id")
    .option("--since <duration>", "not older than 45s, 30m, 24h, 7d")
    .option("--slower-than <ms>", "that took at least so many milliseconds")
    .option("--json", "one JSON object a line");
  addRemoteOptions(command, io);
  command.addHelpText("after", notes).action(async () => {
    io.finish(await logs(command.opts<LogsOptions>(), io));
  });
}

const notes = `
In production the server has to run with --monitor; the key needs the scope admin. Without -f the calls come from the request log, which
keeps them for log.retention_hours; with it from the server's memory, whatever the log is told to keep. It goes on through restarts of
the server, but for the calls that are cut off at the end of a drain: the request log has those.

Examples:
  runrpc logs -f
  runrpc logs --code error --since 1h -n 100
  runrpc logs -f --method users.v1.UserService --slower-than 200

Exit codes: 0 all was told; 1 the server could not be asked; 130 by Ctrl-C.
`;

/** Rows of one page, and of the memory of a server. */
const MAX_PAGE = 1_000;
const MAX_LINES = 10_000;
const MAX_RECENT = 256;

async function logs(options: LogsOptions, io: Io): Promise<number> {
  const lines = numberOf("--lines", options.lines, MAX_LINES);
  const filter = filterOf(options, new Date());
  const print = (call: EndedCall): void => {
    io.stdout.write(`${callLine(call, options.json === true)}\n`);
  };
  return withRemote(MonitorService, options, io, NO_MONITOR, async (client, settings) => {
    if (options.follow === true) {
      const request = { endedCalls: true, recentCalls: Math.min(lines, MAX_RECENT), intervalMs: FOLLOW_MS };
      const tell = (why: string | undefined): void => void io.stderr.write(troubleLine(why));
      for await (const { endedCalls, leftOutCalls } of followLooks(client, request, settings, tell)) {
        if (leftOutCalls > 0n)
          io.stderr.write(`${leftOutCalls} calls are left out: too many ended at once\n`);
        endedCalls.filter((call) => matches(call, filter)).forEach(print);
      }
      return;
    }
    const found: EndedCall[] = [];
    const { since, ...exact } = filter;
    const search = { ...exact, ...(since === undefined ? {} : { startTime: timestampFromDate(since) }) };
    let pageToken = "";
    do {
      const pageSize = Math.min(MAX_PAGE, lines - found.length);
      if (pageSize === 0) break;
      const page = await client.listCalls(
        { ...search, codes: [...filter.codes], pageSize, pageToken },
        settings,
      );
      found.push(...page.calls);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    found.reverse().forEach(print);
  });
}

function troubleLine(why: string | undefined): string {
  return why === undefined ? "The server is there again.\n" : `${printable(why)}: trying again…\n`;
}

/** Between two looks of `-f`, in milliseconds: no person sees the difference. */
const FOLLOW_MS = 200;

function filterOf(options: LogsOptions, now: Date): LogFilter {
  const {
    method = "",
    code = [],
    keyId = "",
    subject = "",
    requestId = "",
    since,
    slowerThan = "0",
  } = options;
  return {
    method,
    codes: code.map(codeOf),
    keyId,
    subject,
    requestId,
    since: since === undefined ? undefined : new Date(now.getTime() - parseDurationMs("--since", since)),
    minDurationMs: numberOf("--slower-than", slowerThan, Number.MAX_SAFE_INTEGER),
  };
}

const codes = Object.values(Code).filter((code) => typeof code === "number");
const codeNames = ["ok", "error", ...codes.map(codeToString)];

/** A code as the log has it, from `not_found`, `NOT_FOUND` or `NotFound`. @throws CommandFailure (usage) for another word */
function codeOf(text: string): string {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[_-]/g, "");
  const found = codeNames.find((name) => plain(name) === plain(text));
  if (found !== undefined) return found;
  const hint = didYouMean(closest(text, codeNames)) || `; it takes ${codeNames.join(", ")}`;
  throw usageError(`--code is "${text.slice(0, 100)}"${hint}`);
}

function numberOf(name: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : -1;
  if (value >= 0 && value <= max) return value;
  throw usageError(`${name} is "${text}"; it takes a whole number from 0 to ${max}`);
}
