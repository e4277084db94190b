// What a primary and its workers tell each other, as JSON over the channel between them.

/** Of the primary to a worker. */
export type ToWorker =
  | Letter
  /** The first: what its process is to do. */
  | { readonly kind: "start"; readonly number: number; readonly task: unknown }
  /** Comes with a socket, which is answered by `taken` or `refused`. */
  | { readonly kind: "socket" }
  | { readonly kind: "drain"; readonly isReplaced: boolean };

/** Of a worker to the primary. */
export type ToPrimary =
  | Letter
  /** It serves. `facts` is what it tells of itself. */
  | { readonly kind: "ready"; readonly facts: unknown }
  /** It cannot serve, and its process ends: `sentence` says what to change. */
  | { readonly kind: "failed"; readonly sentence: string }
  | { readonly kind: "taken" }
  | { readonly kind: "refused" }
  /** It drains, and wants no more sockets. */
  | { readonly kind: "stopped" };

/** Of either to the other. */
export type Letter =
  | { readonly kind: "question"; readonly id: number; readonly about: string; readonly text: string }
  | { readonly kind: "answer"; readonly id: number; readonly text: string }
  /** Wants no answer. */
  | { readonly kind: "notice"; readonly about: string; readonly text: string };

/** Whether a message is one of ours: a program may send others on the same channel, and Node's watch mode does. */
export function isMessage(message: unknown): message is { readonly kind: string } {
  return typeof message === "object" && message !== null && "kind" in message;
}
