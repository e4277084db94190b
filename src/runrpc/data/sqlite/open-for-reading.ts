import { existsSync } from "node:fs";
import Client, { type Database } from "better-sqlite3";
import { DataError } from "../data-error.ts";
import { dataErrorFromThrown } from "./sqlite-error.ts";

/**
 * Opens a file that somebody else may serve, to read it. Opened for writing where that is allowed, and used for reading: the
 * last connection to close removes the log, which one that only reads would leave behind. Throws `not_found` where there is no
 * file, and what SQLite says of one that is no database.
 */
export function openForReading(file: string, busyTimeoutMs: number): Database {
  if (!existsSync(file)) throw new DataError("not_found", `there is no database ${file}`);
  try {
    const client = new Client(file, { fileMustExist: true, timeout: busyTimeoutMs });
    client.pragma("query_only = ON");
    client.prepare("SELECT 1 FROM sqlite_schema").get();
    return client;
  } catch (error) {
    if (dataErrorFromThrown(error).code === "data_loss") throw error;
    return new Client(file, { readonly: true, timeout: busyTimeoutMs });
  }
}
