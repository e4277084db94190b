import { UsageError } from "./arguments.ts";

/** Our flags as a person types them, by the names that npm keeps them under, and whether npm keeps one of this value. */
const flags = [
  { name: "example", text: (value: string) => withValue("--example", value), isOurs: () => true },
  // In many an .npmrc there is a runtime for node-gyp, such as electron.
  {
    name: "runtime",
    text: (value: string) => withValue("--runtime", value),
    isOurs: (value: string) => value === "true" || /[\d./]/.test(value),
  },
  { name: "install", text: () => "--no-install", isOurs: isOff },
  { name: "git", text: () => "--no-git", isOurs: isOff },
] as const;

/**
 * Refuses to go on where npm has kept flags that were meant for us: `npm create runrpc my-app --no-install` hands on the folder
 * alone, and takes the flag for a value of npm's own configuration.
 *
 * @throws UsageError that shows what to type.
 */
export function refuseFlagsOfNpm(env: NodeJS.ProcessEnv, folder: string | undefined): void {
  if (env.npm_command === undefined) return;
  const kept = flags.flatMap(({ name, text, isOurs }) => {
    const value = env[`npm_config_${name}`];
    return value !== undefined && isOurs(value) ? [text(value)] : [];
  });
  if (kept.length === 0) return;
  throw new UsageError(
    `npm keeps ${kept[0]?.split(" ")[0]} for itself: write two dashes before the options: npm create runrpc ${folder ?? "my-app"} -- ${kept.join(" ")}`,
  );
}

/** npm takes `--example all` for a flag without a value, and `--example=all` for one with. */
function withValue(flag: string, value: string): string {
  return value === "true" || value === "" ? `${flag} …` : `${flag} ${value}`;
}

function isOff(value: string): boolean {
  return value === "" || value === "false";
}
