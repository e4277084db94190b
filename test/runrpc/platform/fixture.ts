import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../../src/runrpc/data/open-store.ts";
import type { Store } from "../../../src/runrpc/data/store.ts";
import {
  type PlatformModules,
  platformMigrations,
  platformWorker,
} from "../../../src/runrpc/platform/modules.ts";

/** A real database with the platform's tables alone, in a directory of its own, which goes when it is disposed of. */
export interface TestStore extends AsyncDisposable {
  readonly store: Store<PlatformModules>;
  readonly queries: Store<PlatformModules>["queries"];
}

export async function openTestStore(): Promise<TestStore> {
  const folder = await mkdtemp(join(tmpdir(), "runrpc-platform-"));
  const store = await openStore<PlatformModules>({
    file: join(folder, "test.sqlite"),
    worker: platformWorker,
    migrations: [platformMigrations],
    readers: 1,
  });
  return {
    store,
    queries: store.queries,
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}
