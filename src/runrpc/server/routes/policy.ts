import { type DescMethod, getOption, hasOption, isFieldSet } from "@bufbuild/protobuf";
import {
  method as methodOption,
  PolicySchema,
  type Policy as ProtoPolicy,
  service as serviceOption,
} from "../../../../gen/runrpc/options/v1/options_pb.ts";

/** The rules that the gate holds for one method. */
export interface Policy {
  /** No key is needed. */
  readonly isPublic: boolean;
  /** Every one of these must be covered by the key. */
  readonly scopes: readonly string[];
  /** The deadline of a call whose client names none, in milliseconds; 0 is none. */
  readonly defaultDeadlineMs: number;
  /** A longer deadline is cut down to this, in milliseconds; 0 is no bound. */
  readonly maxDeadlineMs: number;
  /** The greatest request message after decompression, in bytes. */
  readonly maxRequestBytes: number;
  /** Fields of a request that its schema does not know are dropped unread. Default: the handler finds them in the message. */
  readonly dropsUnknownFields?: true;
}

/**
 * What the server's own methods take, health and reflection: no more than a name needs. Without it a stranger has a
 * message of 4 MiB, of a million unknown fields, read for nothing.
 */
export const BUILT_IN = { maxRequestBytes: 65_536, dropsUnknownFields: true } as const;

/** What applies to a method whose options say nothing. */
export interface PolicyDefaults {
  readonly unaryDeadlineMs: number;
  readonly maxDeadlineMs: number;
  readonly maxRequestBytes: number;
}

/**
 * Reads a method's policy: its own option, else its service's, else the server's default. What `override` says wins, but
 * for `maxRequestBytes`, which it can only lower.
 *
 * @throws Error for a public method whose scopes are asked for beside `public` or nearer to it, as those of a method whose
 *   service is public: nobody would be held to them. Those of a service do not concern a method that is public by itself.
 */
export function policyOf(
  method: DescMethod,
  defaults: PolicyDefaults,
  override: Partial<Policy> = {},
): Policy {
  const own = hasOption(method, methodOption) ? getOption(method, methodOption) : undefined;
  const parent = hasOption(method.parent, serviceOption)
    ? getOption(method.parent, serviceOption)
    : undefined;
  const pick = <K extends keyof typeof PolicySchema.field & keyof ProtoPolicy>(
    field: K,
    fallback: ProtoPolicy[K],
  ) => {
    for (const policy of [own, parent]) {
      if (policy !== undefined && isFieldSet(policy, PolicySchema.field[field])) return policy[field];
    }
    return fallback;
  };
  const maxDeadlineMs = pick("maxDeadlineMs", defaults.maxDeadlineMs);
  const defaultDeadlineMs = pick(
    "defaultDeadlineMs",
    method.methodKind === "unary" ? defaults.unaryDeadlineMs : 0,
  );
  const maxRequestBytes = pick("maxRequestBytes", defaults.maxRequestBytes);
  const isPublic = pick("public", false);
  const scopes = pick("scopes", []);
  if (isPublic && override.isPublic === undefined) {
    const isOpenedItself = own !== undefined && isFieldSet(own, PolicySchema.field.public);
    checkPublic(method, isOpenedItself ? own.scopes : scopes);
  }
  return {
    isPublic,
    scopes,
    defaultDeadlineMs,
    maxDeadlineMs,
    ...override,
    maxRequestBytes: Math.min(maxRequestBytes, override.maxRequestBytes ?? maxRequestBytes),
  };
}

/** Who writes scopes relies on them, and a service that is public above opens all of its methods in silence. */
function checkPublic({ parent, name }: DescMethod, scopes: readonly string[]): void {
  if (scopes.length === 0) return;
  throw new Error(
    `${parent.typeName}.${name} is public and asks for the scope ${scopes.join(", ")}, which nobody would be held to: write \`public: false\` beside the scope, or leave it out`,
  );
}
