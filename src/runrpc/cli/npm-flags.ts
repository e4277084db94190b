import type { Environment } from "../config/config.ts";
import { type ConfigField, configFields } from "../config/fields.ts";
import { usageError } from "./io.ts";

/**
 * Refuses to start where npm has kept flags that were meant for us: `npm start --port 8080` takes `--port` for a value of
 * npm's own configuration, and hands the rest on. No flag of ours is one that npm has.
 *
 * @throws CommandFailure (usage) that shows what to type.
 */
export function refuseFlagsOfNpm(env: Environment): void {
  const { npm_lifecycle_event: script } = env;
  if (script === undefined) return;
  const taken = configFields.flatMap((field) =>
    field.flags.filter((flag) => env[nameInNpm(flag)] !== undefined).map((flag) => ({ field, flag })),
  );
  const [first] = taken;
  if (first === undefined) return;
  const command = script === "start" ? "npm start" : `npm run ${script}`;
  const flags = taken.map(({ field, flag }) => flagText(field, flag, env[nameInNpm(flag)] ?? "")).join(" ");
  throw usageError(
    `npm keeps --${first.flag} for itself: write two dashes before what is meant for the server: ${command} -- ${flags}`,
  );
}

/** As npm names a value of its configuration in the environment of a script. */
function nameInNpm(flag: string): string {
  return `npm_config_${flag.replaceAll("-", "_")}`;
}

/** `--port 8080`; `--port …` where npm took the value for an argument, and left `true`. */
function flagText({ kind }: ConfigField, flag: string, value: string): string {
  if (kind === "boolean") return value === "true" ? `--${flag}` : `--no-${flag}`;
  return value === "true" || value === "" ? `--${flag} …` : `--${flag} ${value}`;
}
