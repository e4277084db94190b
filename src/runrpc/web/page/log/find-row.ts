import { ask } from "../connect/ask.ts";
import { MONITOR } from "../connect/services.ts";
import type { EndedCall, KeptCall } from "../record/ended-call.ts";

/** A row is written a moment after its call has ended: it is looked for so often, and so long apart, in milliseconds. */
const TRIES = 5;
const PAUSE_MS = 400;

/** Calls of one id that are gone through: clients may name several alike. */
const PAGE_SIZE = 50;

/**
 * The row of a call that was followed, with what is kept of its request. Undefined: the request log does not have it.
 *
 * @throws CallFailure
 */
export async function findRow(
  { requestId, method, startTime }: EndedCall,
  key: string | undefined,
): Promise<KeptCall | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const request = { requestId, method, pageSize: PAGE_SIZE };
    const { calls = [] } = await ask<{ calls?: readonly EndedCall[] }>(`${MONITOR}/ListCalls`, request, key);
    const row = calls.find((call) => call.startTime === startTime);
    if (row !== undefined) return ask<KeptCall>(`${MONITOR}/GetCall`, { id: row.id }, key);
  }
  return undefined;
}
