import type { App } from "../app/start-app.ts";
import type { WorkerCalls } from "../app/start-group.ts";
import { printable } from "../printable.ts";
import { formatTable } from "./io.ts";

type OpenCalls = ReturnType<NonNullable<App["openCalls"]>>;

/** Calls that are shown; of the others the number. */
const MAX_SHOWN = 100;

/** The calls in flight, one a line, the oldest first. */
export function openCallsText(calls: OpenCalls): string {
  if (calls.length === 0) return "no call is in flight\n";
  const rows = calls
    .slice(0, MAX_SHOWN)
    .map(({ method, requestId, ageMs, caller, messagesIn, messagesOut, waitsFor }) => [
      printable(method),
      requestId,
      `${(ageMs / 1_000).toFixed(1)} s`,
      printable(caller),
      `${messagesIn} in, ${messagesOut} out`,
      waitsFor,
    ]);
  const more = calls.length > MAX_SHOWN ? `and ${calls.length - MAX_SHOWN} more\n` : "";
  const heading = ["METHOD", "REQUEST ID", "AGE", "CALLER", "MESSAGES", "WAITS FOR"];
  return `${formatTable([heading, ...rows])}\n${more}`;
}

/** The same of several processes, one after the other. */
export function workerCallsText(workers: readonly WorkerCalls[]): string {
  return workers.map(({ worker, calls }) => `worker ${worker}: ${openCallsText(calls)}`).join("");
}
