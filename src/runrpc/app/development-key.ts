import type { Queries } from "../data/query-proxy.ts";
import type { PlatformModules } from "../platform/modules.ts";
import { createKey } from "../server/auth/format.ts";
import type { Accounts } from "./define-app.ts";

/** The key's own name, and what it may do. */
const label = "development";
const scopes = ["*"];

/** Gives a database that has no key its first one, so that the first call works. The key works from loopback only. */
export async function createDevelopmentKey(
  queries: Pick<Queries<PlatformModules>, "runrpcKeys">,
  accounts: Pick<Accounts, "developer">,
): Promise<string | undefined> {
  if ((await queries.runrpcKeys.countKeys()) > 0) return undefined;
  const { key, keyId, hash } = createKey();
  const subject = await accounts.developer();
  await queries.runrpcKeys.createKey({
    keyId,
    hash,
    subject,
    label,
    scopes,
    at: new Date(),
    expireTime: null,
    loopbackOnly: true,
  });
  return key;
}
