import { closest, didYouMean } from "../closest.ts";
import { coversScope } from "../server/auth/principal.ts";
import { policyOf } from "../server/routes/policy.ts";
import type { ServiceDefinition } from "../server/routes/service.ts";

/** The scopes that the package's own asks for: /metrics the first, and what an operator may do the second. */
export const BUILT_IN_SCOPES: readonly string[] = ["metrics.read", "admin"];

/** Of a policy its scopes alone are asked for here. */
const NO_DEFAULTS = { unaryDeadlineMs: 0, maxDeadlineMs: 0, maxRequestBytes: 0 };

/** The scopes that the methods of these services ask for, by their proto options, sorted. */
export function scopesOf(services: readonly ServiceDefinition[]): readonly string[] {
  const scopes = services.flatMap(({ service, policy }) =>
    service.methods.flatMap((method) => policyOf(method, NO_DEFAULTS, policy).scopes),
  );
  return [...new Set(scopes)].sort();
}

/**
 * What is odd about the scopes of a key that is to be made, as a sentence; undefined where nothing is. An application whose
 * methods ask for no scope may look at them in its handlers, and says nothing of what there are.
 */
export function troubleWithScopes(scopes: readonly string[], known: readonly string[]): string | undefined {
  if (scopes.length === 0) {
    const there = known.length === 0 ? "" : ` There are ${known.join(", ")}; * is all.`;
    return `The key has no scope, so it may call only what asks for none.${there}`;
  }
  if (known.length === 0) return undefined;
  const unknown = scopes.find((scope) => !known.some((one) => coversScope([scope], one)));
  if (unknown === undefined) return undefined;
  const hint = didYouMean(closest(unknown, known)) || `; there are ${known.join(", ")}`;
  return `No method asks for the scope ${unknown}${hint}`;
}
