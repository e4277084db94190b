import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { createValidator, type Validator } from "@bufbuild/protovalidate";
import {
  AuthSchema,
  CorsSchema,
  LimitsSchema,
  ServerSchema,
  TimeoutsSchema,
  TlsSchema,
} from "../../gen/runrpc/config/v1/config_pb.ts";

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
}

/** The settings with every default filled in, as own properties. */
export type ResolvedSettings = ReturnType<typeof resolveSettings>;

/** @throws Error that names each unknown or invalid setting, with its value and range. */
export function resolveSettings(settings: ServerSettings) {
  const validator = createValidator();
  return {
    server: resolve(validator, "server", ServerSchema, settings.server),
    tls: resolve(validator, "tls", TlsSchema, settings.tls),
    limits: resolve(validator, "limits", LimitsSchema, settings.limits),
    timeouts: resolve(validator, "timeouts", TimeoutsSchema, settings.timeouts),
    auth: resolve(validator, "auth", AuthSchema, settings.auth),
    cors: resolve(validator, "cors", CorsSchema, settings.cors),
  };
}

function resolve<D extends DescMessage>(
  validator: Validator,
  group: string,
  schema: D,
  init: MessageInitShape<D> | undefined,
): MessageShape<D> {
  const known = new Set(["$typeName", "$unknown", ...schema.fields.map(({ localName }) => localName)]);
  for (const name of Object.keys(init ?? {})) {
    if (!known.has(name))
      throw new Error(`${group}.${name} is not a setting; there are ${[...known].slice(2).join(", ")}`);
  }
  const message = create(schema, init);
  const result = validator.validate(schema, message);
  if (result.kind !== "valid") throw new Error(`${group}.${result.error.message}`);
  // Defaults live on the prototype; as own properties they survive a spread.
  const values = message as Record<string, unknown>;
  const own = schema.fields.map(({ localName }) => [localName, values[localName]] as const);
  return Object.assign(message, Object.fromEntries(own));
}
