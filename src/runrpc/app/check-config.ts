import { existsSync } from "node:fs";
import { ConfigError, type LoadedConfig } from "../config/config.ts";
import type { StoreOptions } from "../data/open-store.ts";
import { createCors } from "../server/http/cors.ts";
import { createTrustedProxies } from "../server/http/trusted-proxies.ts";
import { tryWithoutPort } from "../server/try-listening.ts";
import { createHostCheck } from "../web/allowed-hosts.ts";

/**
 * Checks what the rules of the schema cannot say: lists whose entries have a form of their own. To be called before a file is made
 * or opened, by whoever does that, so that a configuration which cannot be served leaves nothing behind.
 *
 * @throws ConfigError with a sentence for each setting that cannot be used, and where it stands.
 */
export function checkConfig({ config, sources }: Pick<LoadedConfig, "config" | "sources">): void {
  const { cors, server, web } = config;
  const checks: readonly (readonly [path: string, check: () => unknown])[] = [
    ["cors.origins", () => createCors({ origins: cors.origins, maxAgeSeconds: cors.maxAgeSeconds })],
    ["cors.allowed_headers", () => createCors({ ...cors, origins: [], exposedHeaders: [] })],
    ["cors.exposed_headers", () => createCors({ ...cors, origins: [], allowedHeaders: [] })],
    ["server.trusted_proxies", () => createTrustedProxies(server.trustedProxies)],
    ["web.hosts", () => createHostCheck(web.hosts)],
  ];
  const problems = checks.flatMap(([path, check]) => {
    try {
      check();
      return [];
    } catch (error) {
      return [`${error instanceof Error ? error.message : String(error)} (${sources.get(path)})`];
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

/**
 * The same for a command that does not serve, with a look at TLS files and host where it would make the database: what is there is
 * maintained whoever may read the files.
 *
 * @throws ConfigError, and Error for what the machine does not have.
 */
export async function checkBeforeMaking(loaded: LoadedConfig, store: StoreOptions): Promise<void> {
  checkConfig(loaded);
  if ("url" in store || existsSync(store.file)) return;
  const { log, monitor, web, workers, database, ...settings } = loaded.config;
  await tryWithoutPort(settings);
}
