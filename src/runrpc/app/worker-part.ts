import type { HandedSockets } from "../server/listener/listen.ts";
import type { SignInOptions } from "../web/sign-in.ts";
import type { Peers } from "../workers/peers.ts";

/** What an application is told that is served by several processes on one port, of which this is one. */
export interface WorkerPart {
  /** From 1. The first does what is to be done once, such as chores. */
  readonly number: number;
  readonly sockets: HandedSockets;
  /** The socket of the process that writes the SQLite file; undefined on Postgres. */
  readonly writer: string | undefined;
  /** All of these processes. */
  readonly peers: Peers;
  /** Of the page: see `createSignIn`. */
  readonly signIn: Pick<SignInOptions, "secret" | "claim">;
  /** Gives the metrics of all processes; `own` are those of this one. */
  metrics(own: () => string): () => Promise<string>;
  /** Has a development key made when the primary asks, where there is no key. */
  onDevelopmentKey(make: () => Promise<string | undefined>): void;
  /** Has the first process look at a chore. */
  wakeChore(what: string): void;
  /** Has `wake` called for chores that others want looked at. */
  onWake(wake: (what: string) => void): void;
}
