import type { AsyncLocalStorage } from "node:async_hooks";
import type { Socket } from "node:net";
import { Table } from "drizzle-orm";
import { aliasedTableSQL } from "drizzle-orm/alias";
import { drizzle } from "drizzle-orm/node-postgres";
import { nodePgCodecs } from "drizzle-orm/node-postgres/codecs";
import pg from "pg";
import { DataError } from "../data-error.ts";
import { orderKeeper } from "../in-order.ts";
import { rowsInserter } from "../insert-rows.ts";
import type { Db } from "../query.ts";
import type { Address } from "./address.ts";
import { columnCodecs } from "./codecs.ts";
import { insertUnnested } from "./insert-unnested.ts";
import { createOrderKeeper } from "./order-keeper.ts";
import { connectionFailure, dataErrorFromThrown } from "./postgres-error.ts";
import { areScalars, createPreparedStatements } from "./prepared-statement.ts";
import { createQueryRunner, type QueryRunner } from "./query-runner.ts";
import { boundedTypes } from "./result-values.ts";

/** A connection to the server: the driver for transactions, drizzle for queries. Closed by whoever opened it. */
export interface Connection {
  readonly client: pg.Client;
  readonly db: Db;
  readonly runner: QueryRunner;
  /** The number of its backend, by which another connection can cancel what it runs. */
  readonly pid: number;
  /** Resolves when it has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** True from then on, and as soon as it is known to be broken. */
  readonly isLost: boolean;
  close(): Promise<void>;
}

/** How a connection is opened, and what bounds its statements. */
export interface ConnectionOptions {
  readonly address: Address;
  readonly connectTimeoutMs: number;
  /** 0: none. */
  readonly statementTimeoutMs: number;
  readonly maxResultBytes: number;
  /** What the server lists it as, such as `runrpc`. */
  readonly name: string;
}

/**
 * Opens a connection that reads: what is not in a transaction that says otherwise writes nothing. Throws `unavailable` with
 * a sentence that holds the URL without its password.
 */
export async function openConnection(
  options: ConnectionOptions,
  origin: AsyncLocalStorage<object>,
): Promise<Connection> {
  const client = await connect(options, ["default_transaction_read_only=on"]);
  const runner = createQueryRunner(origin);
  let isLost = false;
  const ended = new Promise<void>((resolve) => {
    client.once("end", () => {
      isLost = true;
      resolve();
    });
  });
  client.on("error", () => {
    isLost = true;
  });
  const giveUp = (): void => {
    isLost = true;
    void endClient(client);
  };
  return {
    client,
    runner,
    db: openDb(client, runner, options.maxResultBytes, giveUp),
    pid: processIdOf(client),
    ended,
    get isLost() {
      return isLost;
    },
    close: () => endClient(client),
  };
}

/** Opens a connection of the driver's alone. Who holds it listens to `error` and ends it with {@link endClient}. */
export async function connect(
  { address, connectTimeoutMs, statementTimeoutMs, name }: ConnectionOptions,
  settings: readonly string[] = [],
): Promise<pg.Client> {
  const { host, port, user, password, database, tls } = address;
  const session = [
    // Values come as the codecs read them, and numbers in full, whatever is set for the role, the database or the server.
    "timezone=UTC",
    "datestyle=ISO",
    "bytea_output=hex",
    "extra_float_digits=1",
    "standard_conforming_strings=on",
    // A client that stands still in a transaction holds locks, and rows that would else be cleaned up.
    "idle_in_transaction_session_timeout=60000",
    `statement_timeout=${statementTimeoutMs}`,
    // The session of a machine that is gone ends within about a minute, and with it its locks and its place among the peers.
    "tcp_keepalives_idle=30",
    "tcp_keepalives_interval=10",
    "tcp_keepalives_count=3",
    ...settings,
  ];
  const client = new pg.Client({
    host,
    port,
    user,
    database,
    ...(password === undefined ? {} : { password }),
    // Also when PGSSLMODE says otherwise: what the URL says counts.
    ssl:
      tls === false ? false : { rejectUnauthorized: true, ...(tls.ca === undefined ? {} : { ca: tls.ca }) },
    application_name: name,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    // What a connection that was cut without a word is found by, where it waits for the server to speak.
    keepAliveInitialDelayMillis: 30_000,
    options: session.map((setting) => `-c ${setting}`).join(" "),
  });
  // Without a listener a connection that breaks would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    void endClient(client);
    const { message, databaseCode = connectionFailure } = dataErrorFromThrown(error);
    const why = message === lateMessage ? lateText(client, connectTimeoutMs) : explained(message);
    const sentence = `cannot open the database ${address.shown}: ${why}`;
    throw new DataError("unavailable", sentence, {
      databaseCode,
      cause: error,
    });
  }
}

/** What the driver says when the time is over. */
const lateMessage = "timeout expired";

/** With the addresses that a name stands for, as far as they were tried. */
function lateText(client: pg.Client, connectTimeoutMs: number): string {
  const { connection } = client as unknown as { readonly connection: { readonly stream: Partial<Socket> } }; // The types leave it out.
  const tried = connection.stream.autoSelectFamilyAttemptedAddresses ?? [];
  const from = tried.length === 0 ? "" : ` from ${tried.join(", ")}`;
  return `no answer${from} within ${connectTimeoutMs} ms`;
}

/** Says as well what to change, where the driver or the TLS library says what is wrong alone. */
function explained(message: string): string {
  return cures.reduce((text, [trouble, cure]) => text.replace(trouble, cure), message);
}

const cures: readonly (readonly [trouble: RegExp, cure: string])[] = [
  [
    /^.*client password must be.*$/,
    "the server asks for a password, and there is none: put it into the URL, PGPASSWORD or ~/.pgpass",
  ],
  [
    /^.*(too many clients|remaining connection slots).*$/,
    "$&: max_connections of the server has to be more than database.connections and two for each process, of all that use it (runrpc doctor compares)",
  ],
  [/^.*does not support SSL.*$/, "$&: sslmode=disable in the URL reaches it in clear"],
  [
    /^.*(self-signed|unable to (get|verify)).*$/,
    "$&: sslrootcert=FILE in the URL names who vouches for the server's certificate",
  ],
];

/** Ends a connection, broken or not. Never rejects. */
export async function endClient(client: pg.Client): Promise<void> {
  await client.end().catch(() => {});
}

/** drizzle over a connection whose statements go through its runner. `giveUp` ends a connection that is of no more use. */
function openDb(client: pg.Client, runner: QueryRunner, maxResultBytes: number, giveUp: () => void): Db {
  const prepared = createPreparedStatements(client, maxResultBytes, giveUp);
  const send = (config: pg.QueryConfig & Rows, values: readonly unknown[]): Promise<unknown> => {
    const { name, text, rowMode } = config;
    if (name !== undefined && rowMode === "array" && areScalars(values))
      return prepared.run(name, text, values);
    return client.query({ ...config, types: boundedTypes(maxResultBytes) }, [...values]);
  };
  const statements = {
    query: (config: pg.QueryConfig & Rows, values: readonly unknown[]) =>
      runner.statement(() => send(config, values)),
  };
  const db = drizzle({
    client: statements as unknown as pg.Client, // drizzle's queries ask nothing else of it.
    // The types of drizzle know Postgres's columns alone, whose codecs have other names.
    codecs: { ...nodePgCodecs, ...columnCodecs } as typeof nodePgCodecs,
  });
  nameAliasesInJoins(db);
  // Db has what drizzle's builders of both kinds have in common; the tables are SQLite's.
  const own = db as unknown as Db;
  return Object.assign(own, {
    [rowsInserter]: insertUnnested,
    [orderKeeper]: createOrderKeeper(own, runner),
  });
}

/** How a result is asked for: each row as an array of its values. */
interface Rows {
  readonly rowMode?: "array" | undefined;
}

/** drizzle 1.0.0-rc.5 knows an aliased table in a join by its class, which SQLite's tables are not of. */
function nameAliasesInJoins(db: unknown): void {
  const { dialect } = db as { dialect: { buildJoins(joins: readonly Join[] | undefined): unknown } }; // Internal.
  const buildJoins = dialect.buildJoins.bind(dialect);
  dialect.buildJoins = (joins) => buildJoins(joins?.map(withNamedAlias));
}

interface Join {
  readonly table: unknown;
}

function withNamedAlias(join: Join): Join {
  const { table } = join;
  return table instanceof Table && isAlias(table) ? { ...join, table: aliasedTableSQL(table) } : join;
}

function isAlias(table: Table): boolean {
  const { Symbol: symbols } = Table as unknown as { readonly Symbol: { readonly IsAlias: symbol } }; // Internal.
  return Reflect.get(table, symbols.IsAlias) === true;
}

function processIdOf(client: pg.Client): number {
  return Number(Reflect.get(client, "processID")); // The types leave it out.
}
