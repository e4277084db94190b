// A Postgres server for tests: Debian's, in a folder that goes, as somebody who is not root.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, copyFileSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";

/** What its only user signs in with: no output may hold it. */
export const password = "canary/p@ss:word";

/** A server that runs. Whoever starts it stops it. */
export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  /** The folder of its Unix socket, by which no password is asked. */
  readonly folder: string;
  /** Of a database, by TCP, with the password. */
  url(database: string): string;
  /** Of a database, by the socket, which asks for none. */
  socketUrl(database: string): string;
  /** Makes an empty database and gives its URL. */
  createDatabase(options?: string): Promise<string>;
  /** Runs statements as the superuser, in the database that a URL names or in `postgres`. */
  query(text: string, values?: readonly unknown[], url?: string): Promise<pg.QueryResult>;
  /** Ends it as a power cut would, but for what the system has still to write, and starts it again on what is left. */
  crash(): Promise<void>;
  /** The same, to start again as a standby: it takes no writes until `select pg_promote()`. */
  crashToStandby(): Promise<void>;
  stop(): Promise<void>;
}

/** Why there can be no server here; undefined where there can. */
export function whyNoPostgres(): string | undefined {
  return findBin() === undefined ? "PostgreSQL is not installed (.ci/tools)" : undefined;
}

/**
 * Starts a server; with a certificate it takes TLS as well. What it has acknowledged outlives its end, but no power cut, unless
 * `isDurable`: that costs tests time alone.
 */
export async function startPostgres(
  tls?: { readonly keyFile: string; readonly certFile: string },
  { isDurable = false }: { readonly isDurable?: boolean } = {},
): Promise<PostgresServer> {
  const bin = findBin();
  if (bin === undefined) throw new Error(whyNoPostgres());
  const folder = mkdtempSync(join(tmpdir(), "runrpc-postgres-"));
  const owner = ownerOf(folder);
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, password, { mode: 0o644 });
  execFileSync(
    join(bin, "initdb"),
    [
      "-D",
      data,
      "-U",
      "app",
      `--pwfile=${passwordFile}`,
      "--auth-host=scram-sha-256",
      "--auth-local=trust",
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
      "--no-sync",
    ],
    { ...owner, stdio: ["ignore", "ignore", "inherit"], cwd: folder },
  );
  const port = await freePort();
  const set = [
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    `fsync=${isDurable ? "on" : "off"}`,
    "shared_buffers=16MB",
    "max_connections=60",
    "log_min_messages=warning",
    ...(tls === undefined ? [] : tlsSettings(tls, folder, owner)),
  ];
  const start = async () => {
    const started = spawn(join(bin, "postgres"), ["-D", data, ...set.flatMap((one) => ["-c", one])], {
      ...owner,
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    await readyOf(started);
    return started;
  };
  /** "Immediate": without a word to anybody, and nothing written any more. */
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGQUIT");
    await ended;
  };
  let child = await start();
  let databases = 0;
  const clientOf = (database: string) => new pg.Client({ host: folder, port, user: "app", database });

  const server: PostgresServer = {
    port,
    folder,
    url: (database) => `postgres://app:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`,
    socketUrl: (database) => `postgres://app@${encodeURIComponent(folder)}:${port}/${database}`,
    async createDatabase(options = "") {
      databases += 1;
      const name = `test_${process.pid}_${databases}`;
      await server.query(`CREATE DATABASE ${name} ${options}`);
      return server.url(name);
    },
    async query(text, values = [], url = server.url("postgres")) {
      const client = clientOf(new URL(url).pathname.slice(1));
      await client.connect();
      try {
        return await client.query(text, [...values]);
      } finally {
        await client.end();
      }
    },
    async crash() {
      await end();
      child = await start();
    },
    async crashToStandby() {
      await end();
      writeFileSync(join(data, "standby.signal"), "", { mode: 0o644 });
      child = await start();
    },
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}

/** The folder of the newest release that is installed. */
function findBin(): string | undefined {
  const installed = globSync("/usr/lib/postgresql/*/bin").sort(
    (one, other) => versionOf(other) - versionOf(one),
  );
  const onPath = (process.env.PATH ?? "").split(delimiter);
  return [...installed, ...onPath].find((folder) => globSync(join(folder, "initdb")).length > 0);
}

function versionOf(folder: string): number {
  return Number(folder.split("/").at(-2));
}

/** The server refuses to run as root: as root it runs as the user that its package made. */
function ownerOf(folder: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  const owner = { uid: id("-u"), gid: id("-g") };
  chownSync(folder, owner.uid, owner.gid);
  return owner;
}

/** It takes no key that others could read. */
function tlsSettings(
  { keyFile, certFile }: { readonly keyFile: string; readonly certFile: string },
  folder: string,
  { uid, gid }: { readonly uid?: number; readonly gid?: number },
): string[] {
  const copies = [keyFile, certFile].map((file) => {
    const copy = join(folder, basename(file));
    copyFileSync(file, copy);
    chmodSync(copy, 0o600);
    if (uid !== undefined && gid !== undefined) chownSync(copy, uid, gid);
    return copy;
  });
  return ["ssl=on", `ssl_key_file=${copies[0]}`, `ssl_cert_file=${copies[1]}`];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Resolves when the server says that it takes connections; what it says instead is in the error. */
async function readyOf(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.stderr === null) throw new Error("the server has no standard error");
  const said: string[] = [];
  const lines = createInterface(child.stderr);
  const ready = new Promise<void>((resolve, reject) => {
    lines.on("line", (line) => {
      if (said.length < 100) said.push(line);
      if (/ready to accept (read-only )?connections/.test(line)) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`postgres ended with ${code}:\n${said.join("\n")}`)));
  });
  await ready;
}
