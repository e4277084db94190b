import { openTestStore as open } from "runrpc/testing";
import type { Store } from "../../../src/runrpc/data/store.ts";
import type { PlatformModules } from "../../../src/runrpc/platform/modules.ts";

/** A real database with the platform's tables alone, which goes when it is disposed of. */
export interface TestStore extends AsyncDisposable {
  readonly store: Store<PlatformModules>;
  readonly queries: Store<PlatformModules>["queries"];
}

export async function openTestStore(): Promise<TestStore> {
  const opened = await open<Record<never, never>>({ services: () => [] });
  const { store } = opened;
  return { store, queries: store.queries, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}
