import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processEnvironment } from "../config/config.ts";
import { makeOwnDatabase } from "../data/maintenance.ts";

/** Which database a test stands on. */
export interface TestDatabaseOptions {
  /**
   * `sqlite`: a file that goes with the test. Or the URL of any database of a Postgres server, on which one is made that goes
   * with the test. Default: RUNRPC_TEST_DATABASE of the environment, or `sqlite`.
   */
  readonly database?: string | undefined;
}

/** A database that goes when it is disposed of; whoever has it open closes it before. */
export interface TestDatabase extends AsyncDisposable {
  /** As `database.url` names it. */
  readonly url: string;
  /** A folder that goes with it. */
  readonly folder: string;
}

/** Makes a database for a test. */
export async function makeTestDatabase({ database }: TestDatabaseOptions): Promise<TestDatabase> {
  const choice = database ?? (processEnvironment().RUNRPC_TEST_DATABASE || "sqlite");
  const own = choice === "sqlite" ? undefined : await makeOwnDatabase(choice);
  const folder = await mkdtemp(join(tmpdir(), "runrpc-test-"));
  return {
    folder,
    url: own?.url ?? join(folder, "test.sqlite"),
    async [Symbol.asyncDispose]() {
      await own?.drop();
      await rm(folder, { recursive: true });
    },
  };
}
