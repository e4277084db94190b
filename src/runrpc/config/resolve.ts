import { fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { ConfigSchema } from "../../../gen/runrpc/config/v1/config_pb.ts";
import { unmetNeedOf } from "../unmet-need.ts";
import { isPostgresUrl } from "../url.ts";
import { ConfigError } from "./config-error.ts";
import { type ConfigField, configFields, configGroups } from "./fields.ts";
import { readConfigFile } from "./file.ts";
import {
  type Layer,
  layerOfEnvironment,
  layerOfFile,
  layerOfFlags,
  layerOfPlatform,
  OF_PLATFORM,
  refusalOf,
  type Setting,
} from "./layers.ts";
import type { ConfigOptions, LoadedConfig, ResolvedConfig } from "./loaded-config.ts";

/** What `loadConfig` does, synchronously. See there. */
export function resolveConfig(options: ConfigOptions): LoadedConfig {
  const env = options.env ?? {};
  const file = readConfigFile(options);
  const own: Layer[] = [
    ...(file === undefined ? [] : [layerOfFile(file.name, file.data)]),
    layerOfEnvironment(env),
    layerOfFlags(options.flags ?? {}),
  ];
  const layers = [layerOfPlatform(env, own), ...own];
  const production = env.NODE_ENV === "production";
  const settings = joinLayers(layers, production);
  const config = fromJson(ConfigSchema, jsonOf(settings)) as ResolvedConfig; // jsonOf names every value
  const problems = [
    ...layers.flatMap((layer) => layer.problems),
    ...outOfRange(config, settings),
    ...debugProblems(config, production),
    ...databaseProblems(config, settings),
    ...withoutEffect(config, settings),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    config,
    sources: new Map([...settings].map(([path, setting]) => [path, setting.source])),
    file: file?.name,
    production,
  };
}

/** Debug mode costs time and memory, and shows what a process holds. */
function debugProblems({ server, debug }: ResolvedConfig, production: boolean): string[] {
  if (!production || !server.debug || debug.inProduction) return [];
  return [
    'server.debug is true and NODE_ENV is "production": debug mode needs debug.in_production there as well (--debug --debug-in-production)',
  ];
}

/** What one kind of database alone has. */
const ofKind = {
  SQLite: ["database.readers", "database.worker_heap_mb"],
  Postgres: ["database.connections", "database.statement_timeout_ms"],
} as const;

/** A value that was set and would have no effect is no value of this database. */
function databaseProblems({ database }: ResolvedConfig, settings: ReadonlyMap<string, Setting>): string[] {
  const isPostgres = isPostgresUrl(database.url);
  const kind = isPostgres ? "Postgres" : "SQLite";
  const other = isPostgres ? "SQLite" : "Postgres";
  return ofKind[other].flatMap((path) => {
    const setting = settings.get(path);
    if (setting === undefined || isDefault(setting)) return [];
    return [
      `${path} (${setting.source}) is for ${other}, and database.url names ${kind}: ${ofKind[kind].join(" and ")} are for that`,
    ];
  });
}

/**
 * What was given and has no effect because of another value. Not so what came by itself, and what a later layer switches off:
 * `--no-web` leaves a file with the hosts of the page as it is.
 */
function withoutEffect(config: ResolvedConfig, settings: ReadonlyMap<string, Setting>): string[] {
  return [...settings].flatMap(([path, setting]) => {
    const { field, source } = setting;
    if (isDefault(setting) || source === OF_PLATFORM) return [];
    const unmet = unmetNeedOf(field.field, config);
    if (unmet === undefined) return [];
    const cause = settings.get(unmet.path)?.source ?? "";
    if (layerOf(cause) > layerOf(source)) return [];
    return [`${path} (${source}) has no effect where ${unmet.text} (${cause})`];
  });
}

/** What is asked first comes last. That it is production is said by the environment. */
function layerOf(source: string): number {
  if (source === DEFAULT_IN_PRODUCTION) return LAYERS.indexOf("environment");
  return LAYERS.findIndex((layer) => source.startsWith(layer));
}

const LAYERS = ["default", "file", "environment", "flag"];

const DEFAULT_IN_PRODUCTION = "default in production";

function isDefault({ source }: Setting): boolean {
  return source.startsWith("default");
}

/** The last layer that sets a value wins. */
function joinLayers(layers: readonly Layer[], production: boolean): ReadonlyMap<string, Setting> {
  const joined = new Map<string, Setting>(
    configFields.map((field) => [field.path, defaultOf(field, production)]),
  );
  for (const setting of layers.flatMap((layer) => layer.settings)) joined.set(setting.field.path, setting);
  return joined;
}

function defaultOf(field: ConfigField, production: boolean): Setting {
  if (production && field.productionDefault !== undefined)
    return { field, value: field.productionDefault, source: DEFAULT_IN_PRODUCTION };
  return { field, value: field.defaultValue as JsonValue, source: "default" }; // read-only lists are JSON too
}

function jsonOf(settings: ReadonlyMap<string, Setting>): JsonObject {
  const json: Record<string, JsonObject> = Object.fromEntries(configGroups.map((group) => [group, {}]));
  for (const { field, value } of settings.values()) {
    const group = json[field.group];
    if (group !== undefined) group[field.field.name] = value;
  }
  return json;
}

function outOfRange(config: ResolvedConfig, settings: ReadonlyMap<string, Setting>): string[] {
  const result = createValidator().validate(ConfigSchema, config);
  if (result.kind === "error") throw result.error; // a rule in the schema that does not compile
  return (result.violations ?? []).map((violation) => sentenceOf(violation, settings));
}

/** A violation of a field names its value and place; one of a group carries its own sentence in the schema. */
function sentenceOf(violation: Violation, settings: ReadonlyMap<string, Setting>): string {
  const path = violation.field.map((part) => ("name" in part ? part.name : "")).join(".");
  const setting = settings.get(path);
  return setting === undefined ? `${path}: ${violation.message}` : refusalOf(setting);
}
