import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type App, type StartOptions, startApp } from "../../src/runrpc/app/start-app.ts";
import { type FlagValues, type LoadedConfig, loadConfig } from "../../src/runrpc/config/config.ts";
import definition from "../app/main.ts";

/** The tests' application in this process, over a database of its own. */
export interface TestApp {
  readonly app: App;
  readonly url: string;
  /** May do everything. */
  readonly key: string;
  readonly loaded: LoadedConfig;
  /** Drains the app and gives the whole request log, in the order of its rows. */
  requestLog(): Promise<readonly RequestLogRow[]>;
  close(): Promise<void>;
}

/** A row of request_log. */
export interface RequestLogRow {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly requestId: string;
  readonly service: string;
  readonly method: string;
  readonly kind: string;
  readonly protocol: string;
  readonly httpVersion: string;
  readonly code: string;
  readonly error: string;
  readonly durationMs: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly peer: string;
  readonly subject: string | null;
  readonly keyId: string | null;
  readonly cancelledBy: string | null;
  readonly abandoned: number;
}

/** Starts the app on a free port of 127.0.0.1, silent; `flags` are values by path, such as `server.lane`. */
export async function startTestApp(flags: FlagValues = {}, options: StartOptions = {}): Promise<TestApp> {
  const folder = await mkdtemp(join(tmpdir(), "runrpc-wire-"));
  const file = join(folder, "db.sqlite");
  const loaded = await loadConfig({
    folder,
    flags: {
      "server.host": "127.0.0.1",
      "server.port": "0",
      "database.url": file,
      "log.level": "fatal",
      ...flags,
    },
  });
  const app = await startApp(definition, loaded, options);
  return {
    app,
    url: app.url,
    key: app.developmentKey ?? "",
    loaded,
    async requestLog() {
      await app.drain();
      return requestLogOf(file);
    },
    async close() {
      await app.drain();
      await rm(folder, { recursive: true });
    },
  };
}

/** What a database file holds in request_log, in the order of its rows. */
export function requestLogOf(file: string): readonly RequestLogRow[] {
  return rowsOf<Record<string, unknown>>(file, "SELECT * FROM request_log ORDER BY id").map(
    (row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name.replace(/_[a-z]/g, (part) => part.slice(1).toUpperCase()),
          value,
        ]),
      ) as unknown as RequestLogRow, // The table's columns, as its schema names them.
  );
}

/** What a query finds in a database file. */
export function rowsOf<Row>(file: string, query: string): readonly Row[] {
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare<[], Row>(query).all();
  } finally {
    database.close();
  }
}
