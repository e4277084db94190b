import { type Command, InvalidArgumentError, Option } from "commander";
import type { OpenKeys } from "../app/open-keys.ts";
import type { IssuedKey, KeyInfo } from "../platform/keys/admin.ts";
import { printable } from "../printable.ts";
import { loadApp } from "./app.ts";
import { addConfigOptions, loadConfigOf } from "./config-options.ts";
import { CommandFailure, formatTable, type Io } from "./io.ts";
import { scopesFrom, settleScopes } from "./settle-scopes.ts";
import { parseDurationMs, parseFutureDate } from "./when.ts";

/** `runrpc keys`: makes, lists, revokes and rotates API keys in the database that the configuration names. */
export function configure(command: Command, io: Io): void {
  command.addHelpText("after", notes);
  configureCreate(command.command("create").description("make a key and show it, this once"), io);
  configureList(command.command("list").description("list all keys; never the keys themselves"), io);
  configureRevoke(command.command("revoke").description("end a key, on open streams too"), io);
  configureRotate(
    command.command("rotate").description("replace a key by another one with the same rights"),
    io,
  );
}

/** What of the configuration these commands need. */
const CONFIG_GROUPS = ["database"] as const;

const notes = `
A running server sees a change within auth.key_lease_ms, half a second by default.

Examples:
  runrpc keys create --user ada@example.com --name ci --scope users.read events.read --expires 90d
  runrpc keys create --user ada@example.com --scope logs.write --calls-per-second 50 --max-concurrent-calls 10
  KEY=$(runrpc keys create --user root@example.com --new-user --scope '*')
  runrpc keys list --json
  runrpc keys rotate rr_4f7Kq2Zd --grace 24h
`;

function configureCreate(command: Command, io: Io): void {
  command
    .requiredOption("--user <id or email>", "the user that the key speaks for")
    .option("--new-user", "make the user first, who then has the email that --user names")
    .option("--name <text>", "what the key is for", "")
    .option("--scope <scope...>", "what it may do, such as users.read, users.* or *", [])
    .option("--expires <when>", "a duration such as 90d, or a date such as 2027-01-31 (default: never)")
    .option("--calls-per-second <n>", "its limit instead of limits.calls_per_second; 0: none", parseCount)
    .option(
      "--max-concurrent-calls <n>",
      "its limit instead of limits.max_concurrent_calls_per_key; 0: none",
      parseCount,
    )
    .option(
      "-y, --yes",
      "ask nothing on a terminal: neither for scopes, nor about one that no method asks for",
    )
    .addOption(new Option("--force").hideHelp())
    .option("--json", "the key and what is known of it, as JSON")
    .action(async () => {
      const options = command.opts<{
        user: string;
        newUser?: boolean;
        name: string;
        scope: string[];
        expires?: string;
        callsPerSecond?: number;
        maxConcurrentCalls?: number;
        yes?: boolean;
        force?: boolean;
        json?: boolean;
      }>();
      const { user, newUser = false, name, expires, callsPerSecond, maxConcurrentCalls } = options;
      const given = scopesFrom(options.scope);
      const isSettled = options.yes === true || options.force === true;
      const expiresAt = expires === undefined ? undefined : parseFutureDate("--expires", expires, new Date());
      const issued = await withKeys(command, io, async (keys) => {
        const scopes = isSettled ? given : await settleScopes(given, keys.knownScopes(), io);
        const key = { user, newUser, name, scopes, expiresAt, callsPerSecond, maxConcurrentCalls };
        return await keys.create(key).catch((error: unknown) => {
          throw newUser ? error : adviceOnMissingUser(error);
        });
      });
      showIssued(issued, options.json, io);
    });
  addConfigOptions(command, CONFIG_GROUPS);
}

/** An account that is not there is most likely one that is to be made. */
function adviceOnMissingUser(error: unknown): unknown {
  const isMissing = error instanceof Error && "code" in error && error.code === "not_found";
  return isMissing ? new CommandFailure(`${error.message}; --new-user makes it first`) : error;
}

function configureList(command: Command, io: Io): void {
  command.option("--json", "a JSON array").action(async () => {
    const keys = await withKeys(command, io, (admin) => admin.list());
    const json = command.opts<{ json?: boolean }>().json;
    io.stdout.write(json ? `${JSON.stringify(keys, null, 2)}\n` : tableOf(keys, new Date()));
  });
  addConfigOptions(command, CONFIG_GROUPS);
}

function configureRevoke(command: Command, io: Io): void {
  command
    .argument("<id>", "the key's visible prefix, as `runrpc keys list` shows it")
    .action(async (id: string) => {
      await withKeys(command, io, (keys) => keys.revoke(id));
      io.stdout.write(`revoked ${id}\n`);
    });
  addConfigOptions(command, CONFIG_GROUPS);
}

function configureRotate(command: Command, io: Io): void {
  command
    .argument("<id>", "the key's visible prefix, as `runrpc keys list` shows it")
    .option("--grace <duration>", "how long the old key goes on working, such as 24h", "0s")
    .option("--json", "the key and what is known of it, as JSON")
    .action(async (id: string) => {
      const { grace, json } = command.opts<{ grace: string; json?: boolean }>();
      const graceMs = parseDurationMs("--grace", grace);
      showIssued(await withKeys(command, io, (keys) => keys.rotate(id, { graceMs })), json, io);
    });
  addConfigOptions(command, CONFIG_GROUPS);
}

async function withKeys<T>(command: Command, io: Io, use: (keys: OpenKeys) => Promise<T>): Promise<T> {
  const loaded = await loadConfigOf(command, io, CONFIG_GROUPS);
  const { openKeys } = await import("../app/open-keys.ts");
  await using keys = await openKeys(await loadApp(), loaded);
  return await use(keys);
}

/** The key alone goes to stdout, so that `$(...)` takes it; the words go to stderr. */
function showIssued(issued: IssuedKey, json: boolean | undefined, io: Io): void {
  if (json) {
    io.stdout.write(`${JSON.stringify(issued)}\n`);
    return;
  }
  const expiry = issued.expiresAt === undefined ? "never" : issued.expiresAt.toISOString();
  io.stderr.write(
    `Key ${issued.keyId} of user ${issued.subjectName ?? issued.subject}. Expires: ${expiry}. It is shown this once:\n`,
  );
  io.stdout.write(`${issued.key}\n`);
}

function tableOf(keys: readonly KeyInfo[], now: Date): string {
  const day = (date: Date | undefined) => date?.toISOString().slice(0, 16).replace("T", " ") ?? "never";
  const rows = keys.map((key) => [
    printable(key.keyId),
    stateOf(key, now),
    printable(key.subjectName ?? key.subject),
    printable(key.name),
    printable(key.scopes.join(",")),
    key.createdAt === undefined ? "" : day(key.createdAt),
    day(key.expiresAt),
    day(key.lastUsedAt),
    String(key.useCount),
    String(key.callsPerSecond ?? "-"),
    String(key.maxConcurrentCalls ?? "-"),
  ]);
  const heading = ["ID", "STATE", "USER", "NAME", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "USES"];
  heading.push("CALLS/S", "OPEN CALLS");
  return `${formatTable([heading, ...rows])}\n`;
}

/** A limit of a key, which the table keeps as a 32-bit number. */
function parseCount(text: string): number {
  const count = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (count <= 2 ** 31 - 1) return count;
  throw new InvalidArgumentError("It is a number from 0 to 2147483647.");
}

function stateOf(key: KeyInfo, now: Date): string {
  if (key.revokedAt !== undefined && key.revokedAt <= now) return "revoked";
  if (key.expiresAt !== undefined && key.expiresAt <= now) return "expired";
  if (key.fault !== undefined) return `cannot be read: ${key.fault}`;
  return key.loopbackOnly ? "active, loopback only" : "active";
}
