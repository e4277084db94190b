import type { ConfigOptions, Environment, LoadedConfig } from "./loaded-config.ts";

export { ConfigError } from "./config-error.ts";
export type {
  ConfigOptions,
  Environment,
  FlagValues,
  LoadedConfig,
  ResolvedConfig,
} from "./loaded-config.ts";

/** The environment of this process. Nothing else reads `process.env`. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * The configuration: defaults, overridden by the file, then by the environment, then by flags. PORT names the port where
 * none of these does.
 * What reads and checks it is imported on the first call: it takes longer to load than `--help` takes in all.
 *
 * @throws ConfigError with every problem that was found: a file that cannot be read, an unknown key or variable,
 * a value of the wrong kind or out of range.
 */
export async function loadConfig(options: ConfigOptions = {}): Promise<LoadedConfig> {
  const { resolveConfig } = await import("./resolve.ts");
  return resolveConfig(options);
}
