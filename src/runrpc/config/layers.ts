import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { closest, didYouMean } from "../closest.ts";
import { withoutPassword } from "../url.ts";
import { type ConfigField, configFields, configGroups } from "./fields.ts";
import type { Environment, FlagValues } from "./loaded-config.ts";

/** A value that one layer sets. */
export interface Setting {
  readonly field: ConfigField;
  readonly value: JsonValue;
  /** Such as `environment RUNRPC_PORT`; without the path, because the field has it. */
  readonly source: string;
}

/** What a layer sets, in order, and what is wrong with it. */
export interface Layer {
  readonly settings: readonly Setting[];
  readonly problems: readonly string[];
}

/** Variables that start with RUNRPC_ and belong to no value: the file, and what `runrpc call` and tests read. */
const otherVariables: readonly string[] = [
  "RUNRPC_CONFIG",
  "RUNRPC_KEY",
  "RUNRPC_ADDRESS",
  "RUNRPC_TEST_DATABASE",
];

/** The layer of a file: `data` is its content, parsed. Keys may be written as in the schema or in camel case. */
export function layerOfFile(name: string, data: unknown): Layer {
  const source = `file ${name}`;
  const settings: Setting[] = [];
  const problems: string[] = [];
  const complain = (text: string) => problems.push(`config file ${name}: ${text}`);
  for (const [groupName, leaves] of entriesOf(data, () => complain("it does not hold a map of groups"))) {
    const fields = configFields.filter((field) => field.group === groupName);
    if (fields.length === 0) {
      complain(`${shortened(groupName)} is unknown${didYouMean(suggestGroup(groupName))}`);
      continue;
    }
    for (const [key, value] of entriesOf(leaves, () =>
      complain(`${groupName} does not hold a map of values`),
    )) {
      const found = fields.find(({ field }) => field.name === key || field.jsonName === key);
      if (found === undefined) {
        complain(`${groupName}.${shortened(key)} is unknown${didYouMean(suggestKey(key, fields))}`);
      } else if (settings.some((setting) => setting.field === found)) {
        complain(`${found.path} is given twice`);
      } else if (value !== null) {
        addSetting({ field: found, value: value as JsonValue, source }, settings, problems); // checked there
      }
    }
  }
  return { settings, problems };
}

/** The layer of the environment. An unknown RUNRPC_ variable is a problem; an empty one is as good as unset. */
export function layerOfEnvironment(env: Environment): Layer {
  const settings: Setting[] = [];
  const problems: string[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith("RUNRPC_") || !text || otherVariables.includes(name) || isServiceLink(name, text))
      continue;
    const field = configFields.find(({ variables }) => variables.includes(name));
    if (field === undefined) {
      const known = [...configFields.flatMap(({ variables }) => variables), ...otherVariables];
      problems.push(`environment ${shortened(name)} is unknown${didYouMean(closest(name, known))}`);
      continue;
    }
    const source = `environment ${name}`;
    if (settings.some((setting) => setting.field === field)) {
      problems.push(`environment ${field.variables.join(" and ")} are the same value: set one of them`);
    }
    addSetting({ field, value: valueFromText(field, text), source }, settings, problems);
  }
  return { settings, problems };
}

/**
 * The layer of the platform that the server runs on, beneath all others: Heroku, Cloud Run and their like name the port in
 * PORT (https://cloud.google.com/run/docs/container-contract#port). Where another layer names one, it is somebody else's.
 */
export function layerOfPlatform({ PORT }: Environment, others: readonly Layer[]): Layer {
  const settings: Setting[] = [];
  const problems: string[] = [];
  const field = configFields.find(({ path }) => path === "server.port");
  const isNamed = others.some((layer) => layer.settings.some((setting) => setting.field === field));
  if (PORT && field !== undefined && !isNamed)
    addSetting({ field, value: PORT, source: OF_PLATFORM }, settings, problems);
  return { settings, problems };
}

/** The source of a value that nobody gave to this server. */
export const OF_PLATFORM = "environment PORT";

/** The layer of the command line. */
export function layerOfFlags(flags: FlagValues): Layer {
  const settings: Setting[] = [];
  const problems: string[] = [];
  for (const [path, given] of Object.entries(flags)) {
    const field = configFields.find((candidate) => candidate.path === path);
    if (field === undefined) throw new Error(`the configuration has no ${path}`);
    const value = typeof given === "boolean" ? given : valueFromText(field, given);
    const source = `flag --${field.kind === "boolean" && value === false ? "no-" : ""}${field.flags[0]}`;
    addSetting({ field, value, source }, settings, problems);
  }
  return { settings, problems };
}

/** `config file x.yaml: server.port`, `environment RUNRPC_PORT` or `flag --port`: the start of a problem's sentence. */
export function placeOf({ source, field }: Setting): string {
  return source.startsWith("file ") ? `config ${source}: ${field.path}` : source;
}

/** The sentence about a value that its field does not take. */
export function refusalOf(setting: Setting): string {
  const { field, value } = setting;
  const suggestion = typeof value === "string" ? closest(value, field.choices) : undefined;
  const shown = shortened(withoutPassword(JSON.stringify(value)));
  return `${placeOf(setting)} is ${shown}; it takes ${field.takes}${didYouMean(suggestion)}`;
}

/** A name or a value of a stranger to the schema. */
function shortened(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** In characters. */
const MAX_SHOWN = 200;

/** Keeps a setting that has the right type, by protobuf's JSON mapping. Ranges are checked when all layers are joined. */
function addSetting(setting: Setting, settings: Setting[], problems: string[]): void {
  const { field } = setting;
  const value = setting.value === "auto" && field.auto !== undefined ? field.auto : setting.value;
  try {
    fromJson(field.groupType, { [field.field.name]: value });
    settings.push({ ...setting, value });
  } catch {
    problems.push(refusalOf(setting));
  }
}

function valueFromText(field: ConfigField, text: string | readonly string[]): JsonValue {
  if (typeof text !== "string") return text.flatMap((part) => splitList(part));
  if (field.kind === "list") return splitList(text);
  if (field.kind !== "boolean") return text;
  const word = text.toLowerCase();
  if (["true", "1", "yes", "on"].includes(word)) return true;
  return ["false", "0", "no", "off"].includes(word) ? false : text;
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function entriesOf(value: unknown, complain: () => void): [string, unknown][] {
  if (value === null || value === undefined) return [];
  if (typeof value === "object" && !Array.isArray(value)) return Object.entries(value);
  complain();
  return [];
}

function suggestGroup(name: string): string | undefined {
  const leaf = configFields.find(({ field }) => field.name === name || field.jsonName === name);
  return leaf?.path ?? closest(name, configGroups);
}

function suggestKey(key: string, fields: readonly ConfigField[]): string | undefined {
  const near = closest(key, fields.map(({ field }) => field.name)); // biome-ignore format: one thought
  if (near !== undefined) return near;
  const everywhere = new Map(configFields.map((field) => [field.field.name, field.path]));
  return everywhere.get(closest(key, everywhere.keys()) ?? "");
}

/**
 * Kubernetes gives every container RUNRPC_PORT=tcp://10.0.0.7:80, RUNRPC_SERVICE_HOST and others when a Service in its
 * namespace is called `runrpc` (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
 */
function isServiceLink(name: string, text: string): boolean {
  if (name === "RUNRPC_PORT") return /^(tcp|udp|sctp):\/\//.test(text);
  return /^RUNRPC_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/.test(name);
}
