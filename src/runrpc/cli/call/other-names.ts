import { type Command, Option } from "commander";
import { usageError } from "../io.ts";

/** What other tools call our options: too far from ours to be taken for a slip of the keys. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  url: "--address",
  server: "--address",
  host: "--address",
  endpoint: "--address",
  target: "--address",
  "api-key": "--key",
  token: "--key",
  timeout: "--deadline-ms",
  "max-time": "--deadline-ms",
  data: "the JSON as an argument of its own",
  plaintext: "an address that begins with http://",
};

/** Gives a command these names as well, each of which says what is meant. They are in no help. */
export function addOtherNames(command: Command): void {
  for (const [name, ours] of Object.entries(OTHER_NAMES)) {
    const refuse = (): never => {
      throw usageError(`there is no option --${name}; did you mean ${ours}?`);
    };
    const value = name === "plaintext" ? "" : " <value>";
    const option = new Option(`--${name}${value}`).hideHelp();
    if (value !== "") option.argParser(refuse);
    command.addOption(option);
    if (value === "") command.on(`option:${name}`, refuse);
  }
}
