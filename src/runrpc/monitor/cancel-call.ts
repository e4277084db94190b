import { Code, ConnectError } from "@connectrpc/connect";
import type { CountedServer } from "../server/server-metrics.ts";
import type { Peers } from "../workers/peers.ts";

/** Ends open calls in all processes that serve the port. */
export type CancelCall = (requestId: string) => Promise<number>;

/** What processes ask each other about for it. */
const CANCEL = "cancel call";

/** Has others end calls in this process as well. */
export function createCancelCall({ openCalls }: Pick<CountedServer, "openCalls">, peers: Peers): CancelCall {
  peers.answer(CANCEL, (requestId) => {
    const reason = new ConnectError("an operator cancelled the call", Code.Canceled);
    const found = [...openCalls()].filter(({ head }) => head.requestId === requestId);
    for (const call of found) call.cancel("operator", reason);
    return String(found.length);
  });
  return async (requestId) => {
    const { answers, silent } = await peers.ask(CANCEL, requestId);
    const cancelled = answers.reduce((count, answer) => count + Number(answer), 0);
    if (cancelled > 0) return cancelled;
    if (silent === 0) throw new ConnectError(`no call ${requestId} is open`, Code.NotFound);
    throw new ConnectError(
      `no call ${requestId} is open in the workers that have answered, and ${silent} did not answer`,
      Code.Unavailable,
    );
  };
}
