import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type {
  MonitorService,
  WatchRequest,
  WatchResponse,
} from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { backoffMs, pause } from "../client/backoff.ts";
import { isCertificateFault } from "../client/certificate-fault.ts";
import type { CallSettings } from "./remote.ts";

/** What is looked at. */
export type LookRequest = Partial<
  Pick<WatchRequest, "intervalMs" | "maxOpenCalls" | "endedCalls" | "recentCalls">
>;

/**
 * Looks at a server until the signal aborts: through its restarts, and the rolls of its workers. Each stream goes on with the calls that
 * ended behind the one before it.
 *
 * @param onTrouble told why the server cannot be looked at, when that begins, and undefined when it is looked at again
 * @throws ConnectError of the first stream, and what trying again does not change
 */
export async function* followLooks(
  client: Pick<Client<typeof MonitorService>, "watch">,
  request: LookRequest,
  settings: CallSettings,
  onTrouble: (why: string | undefined) => void,
): AsyncGenerator<WatchResponse> {
  let after = "";
  let hasLooked = false;
  let isTroubled = false;
  for (let failures = 1; ; failures++) {
    let why = "the server has drained";
    try {
      for await (const look of client.watch({ ...request, after }, settings)) {
        after = look.position;
        hasLooked = true;
        // A server that drains gives one look, and no other.
        if (look.intervalMs > 0) {
          failures = 1;
          if (isTroubled) onTrouble(undefined);
          isTroubled = false;
        }
        yield look;
      }
    } catch (error) {
      settings.signal.throwIfAborted();
      if (!hasLooked || !(error instanceof ConnectError) || !mayPass(error)) throw error;
      why = error.rawMessage;
    }
    if (!isTroubled) onTrouble(why);
    isTroubled = true;
    await pause(backoffMs(failures, Math.random()), settings.signal);
  }
}

/** Whether another connection may fare better: the server is not there, or this one has broken. */
function mayPass(error: ConnectError): boolean {
  if (error.code === Code.Unavailable) return !isCertificateFault(error);
  // What connect-node says of a stream whose connection has gone. A server that ends the call has words of its own.
  return error.rawMessage.startsWith("http/2 ") || (error.cause instanceof Error && "code" in error.cause);
}
