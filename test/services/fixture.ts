import { randomUUID } from "node:crypto";
import { openTestStore as open } from "runrpc/testing";
import definition from "../../src/main.ts";

/** The application's own database, in a folder of its own. */
export type TestStore = Awaited<ReturnType<typeof openTestStore>>;

export function openTestStore() {
  return open(definition);
}

/** Adds a user and gives its id. */
export async function addUser({ users }: TestStore["queries"], name = "ada"): Promise<string> {
  const id = randomUUID();
  const email = `${name}.${id}@example.com`;
  await users.createUser({ id, email, displayName: name, at: new Date() });
  return id;
}
