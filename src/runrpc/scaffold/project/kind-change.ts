import type { DescribedKind } from "../method-text.ts";
import type { Handler } from "./handlers.ts";

/** How a method is another kind than its handler is written for. */
export interface KindChange {
  /** Such as `streams`. */
  readonly words: string;
  /** Whether it is what it takes that changed. */
  readonly takes: boolean;
}

/**
 * What changed about a method since its handler was written; undefined where it is of the same kind. Where the handler does
 * not show what it was written for, the generated code does that it was written against.
 */
export function kindChange(
  kind: DescribedKind,
  { takesStream, givesStream }: Pick<Handler, "takesStream" | "givesStream">,
  generated: DescribedKind | undefined,
): KindChange | undefined {
  const wanted = directionsOf(kind);
  const before = directionsOf(generated ?? kind);
  const gives = givesStream ?? before.gives;
  const takes = takesStream ?? before.takes;
  if (gives === wanted.gives && takes === wanted.takes) return undefined;
  const out = gives === wanted.gives ? undefined : wanted.gives ? "streams" : "answers once";
  const into = takes === wanted.takes ? undefined : wanted.takes ? "takes a stream" : "takes one message";
  return {
    words: [out, into].filter((part) => part !== undefined).join(" and "),
    takes: into !== undefined,
  };
}

function directionsOf(kind: DescribedKind): { readonly takes: boolean; readonly gives: boolean } {
  return {
    takes: kind === "client_streaming" || kind === "bidi_streaming",
    gives: kind === "server_streaming" || kind === "bidi_streaming",
  };
}
