import {
  create,
  type DescMessage,
  getOption,
  hasOption,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { createValidator, type Validator } from "@bufbuild/protovalidate";
import {
  AuthSchema,
  CompressionSchema,
  ConfigSchema,
  CorsSchema,
  type Debug,
  DebugSchema,
  ErrorsSchema,
  LimitsSchema,
  MetricsSchema,
  ServerSchema,
  TimeoutsSchema,
  TlsSchema,
  TracesSchema,
} from "../../../gen/runrpc/config/v1/config_pb.ts";
import { production_default } from "../../../gen/runrpc/config/v1/defaults_pb.ts";
import { closest, didYouMean } from "../closest.ts";
import { OF_MESSAGES } from "../option-names.ts";
import { unmetNeedOf } from "../unmet-need.ts";

/**
 * The settings of a server, each with the default, unit and range that proto/runrpc/config/v1/config.proto gives it.
 * A group or field that is left out takes its default.
 */
export interface ServerSettings {
  readonly server?: MessageInitShape<typeof ServerSchema> | undefined;
  readonly tls?: MessageInitShape<typeof TlsSchema> | undefined;
  readonly limits?: MessageInitShape<typeof LimitsSchema> | undefined;
  readonly timeouts?: MessageInitShape<typeof TimeoutsSchema> | undefined;
  readonly auth?: MessageInitShape<typeof AuthSchema> | undefined;
  readonly cors?: MessageInitShape<typeof CorsSchema> | undefined;
  readonly errors?: MessageInitShape<typeof ErrorsSchema> | undefined;
  readonly compression?: MessageInitShape<typeof CompressionSchema> | undefined;
  readonly debug?: MessageInitShape<typeof DebugSchema> | undefined;
  readonly metrics?: MessageInitShape<typeof MetricsSchema> | undefined;
  readonly traces?: MessageInitShape<typeof TracesSchema> | undefined;
}

/** The settings with every default filled in, as own properties. */
export type ResolvedSettings = ReturnType<typeof resolveSettings>;

/**
 * In production some settings have another default.
 *
 * @throws Error that names each unknown or invalid setting, with its value and range, and one that is not at its default
 *   and has no effect because of another.
 */
export function resolveSettings(
  settings: ServerSettings & { readonly counter?: unknown },
  production = false,
) {
  const validator = createValidator();
  const resolve = production ? resolveInProduction : resolveGroup;
  const resolved = {
    server: resolve(validator, "server", ServerSchema, settings.server),
    tls: resolve(validator, "tls", TlsSchema, settings.tls),
    limits: resolve(validator, "limits", LimitsSchema, settings.limits),
    timeouts: resolve(validator, "timeouts", TimeoutsSchema, settings.timeouts),
    auth: resolve(validator, "auth", AuthSchema, settings.auth),
    cors: resolve(validator, "cors", CorsSchema, settings.cors),
    errors: resolve(validator, "errors", ErrorsSchema, settings.errors),
    compression: resolve(validator, "compression", CompressionSchema, settings.compression),
    debug: resolve(validator, "debug", DebugSchema, settings.debug),
    metrics: resolve(validator, "metrics", MetricsSchema, settings.metrics),
    traces: resolve(validator, "traces", TracesSchema, settings.traces),
  };
  refuseWithoutEffect(settings, resolved);
  return resolved;
}

/**
 * What equals its default may have come by itself, and a group that is a message was judged by the configuration, which knows what was given.
 * A counter that the program gives counts also where the settings ask for none.
 */
function refuseWithoutEffect(
  { counter, ...given }: ServerSettings & { readonly counter?: unknown },
  resolved: Readonly<Record<string, Message>>,
): void {
  const config =
    counter === undefined ? resolved : { ...resolved, metrics: { ...resolved.metrics, enabled: true } };
  for (const [group, message] of Object.entries(resolved)) {
    const init = given[group as keyof ServerSettings]; // they have the same groups
    if (init === undefined || "$typeName" in init) continue;
    const values = message as unknown as Readonly<Record<string, unknown>>; // fields by name
    for (const field of schemaOf(group).fields) {
      const value = values[field.localName];
      if (field.fieldKind === "scalar" && value === field.getDefaultValue()) continue;
      const unmet = unmetNeedOf(field, config);
      if (unmet !== undefined)
        throw new Error(`${group}.${field.localName} has no effect where ${unmet.text}`);
    }
  }
}

function schemaOf(group: string): DescMessage {
  const found = ConfigSchema.fields.find(({ name }) => name === group)?.message;
  if (found === undefined) throw new Error(`the configuration has no ${group}`);
  return found;
}

/** @throws Error in production, unless debug mode is asked for there by name. */
export function checkDebug({ inProduction }: Pick<Debug, "inProduction">, production: boolean): void {
  if (production && !inProduction) throw new Error(DEBUG_IN_PRODUCTION);
}

const DEBUG_IN_PRODUCTION =
  "server.debug is for development: it shows who holds the event loop, and costs time and memory. In production it needs debug.in_production as well (--debug --debug-in-production)";

/** What the listener needs to speak TLS; undefined where the port speaks cleartext. */
export function tlsOf({ tls }: ResolvedSettings) {
  return tls.keyFile === "" ? undefined : { ...tls, caFile: tls.clientCaFile };
}

/** A name or a value of whoever calls, bounded. */
function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return String(text).slice(0, 100);
}

function resolveInProduction<D extends DescMessage>(
  validator: Validator,
  group: string,
  schema: D,
  init: MessageInitShape<D> | undefined,
): MessageShape<D> {
  const message = resolveGroup(validator, group, schema, init);
  const given = (init ?? {}) as Record<string, unknown>; // the fields of the schema
  const others = schema.fields
    .filter((field) => hasOption(field, production_default) && given[field.localName] === undefined)
    .map((field) => [field.localName, getOption(field, production_default)] as const);
  return Object.assign(message, Object.fromEntries(others));
}

function resolveGroup<D extends DescMessage>(
  validator: Validator,
  group: string,
  schema: D,
  init: MessageInitShape<D> | undefined,
): MessageShape<D> {
  const known = schema.fields.map(({ localName }) => localName);
  if (init !== undefined && (typeof init !== "object" || init === null || Array.isArray(init)))
    throw new Error(`${group} is ${shown(init)}; it takes an object with some of ${known.join(", ")}`);
  for (const name of Object.keys(init ?? {})) {
    if (known.includes(name) || OF_MESSAGES.has(name)) continue;
    const near = didYouMean(closest(name, known));
    throw new Error(`${group}.${shown(name)} is not a setting${near || `; there are ${known.join(", ")}`}`);
  }
  const message = create(schema, init);
  const result = validator.validate(schema, message);
  if (result.kind !== "valid") throw new Error(`${group}.${result.error.message}`);
  // Defaults live on the prototype; as own properties they survive a spread.
  const values = message as Record<string, unknown>;
  const own = schema.fields.map(({ localName }) => [localName, values[localName]] as const);
  return Object.assign(message, Object.fromEntries(own));
}
