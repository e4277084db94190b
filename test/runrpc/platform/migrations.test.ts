import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import Database from "better-sqlite3";
import { openStore } from "../../../src/runrpc/data/open-store.ts";
import { migrateDatabase } from "../../../src/runrpc/data/sqlite/migrate.ts";
import {
  type PlatformModules,
  platformMigrations,
  platformWorker,
} from "../../../src/runrpc/platform/modules.ts";

test("a database whose keys and calls were of a `user_id` keeps them, as of a `subject`", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "runrpc-platform-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const database = { file: join(folder, "old.sqlite"), worker: platformWorker };

  const all = fileURLToPath(platformMigrations.folder);
  const names = readdirSync(all).filter((name) => name !== "postgres");
  const [first = "", ...later] = names.sort();
  cpSync(join(all, first), join(folder, "old", first), { recursive: true });
  const old = { ...platformMigrations, folder: pathToFileURL(`${join(folder, "old")}/`) };
  await migrateDatabase({ ...database, migrations: [old] });
  const client = new Database(database.file);
  client.exec(`INSERT INTO keys (key_id, hash, user_id, label, scopes, create_time, calls_per_second)
      VALUES ('rr_old', zeroblob(32), 'ada', 'ci', '["users.*"]', 1700000000000, 7);
    INSERT INTO request_log (started_at, request_id, service, method, kind, protocol, http_version, code, error,
      duration_ms, messages_in, messages_out, bytes_in, bytes_out, peer, user_id, key_id, abandoned)
      VALUES (1700000000000, 'r-1', 's', 'm', 'unary', 'grpc', '2.0', 'ok', '', 1.5, 1, 1, 5, 5, '::1', 'ada', 'rr_old', 0),
        (1700000000001, 'r-2', 's', 'm', 'unary', 'grpc', '2.0', 'ok', '', 1.5, 1, 1, 5, 5, '::1', NULL, NULL, 0)`);
  client.close();

  await using store = await openStore<PlatformModules>({ ...database, migrations: [platformMigrations] });
  assert.deepEqual(store.migrations, { created: false, applied: later, present: [first] });
  const { runrpcKeys, runrpcRequestLog } = store.queries;
  const [key] = await runrpcKeys.listKeys({ subject: "ada" });
  assert.deepEqual(
    [key?.keyId, key?.subject, key?.scopes, key?.callsPerSecond],
    ["rr_old", "ada", ["users.*"], 7],
  );
  const calls = await runrpcRequestLog.listRequests({ limit: 10 });
  assert.deepEqual(
    calls.map(({ requestId, subject }) => [requestId, subject]),
    [
      ["r-1", "ada"],
      ["r-2", null],
    ],
  );
});
