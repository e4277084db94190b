import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { Call } from "../../call/call.ts";
import { isOfConnection } from "../../http/connection-headers.ts";
import { CHALLENGE, cacheHeaders, UNAUTHENTICATED_STATUS } from "../answer-headers.ts";
import { textType } from "../base64-body.ts";

/** Puts right what the adapter does not say of its answer, or says of another one. */
export function finishHeaders(
  { head }: Call,
  { header, status }: UniversalServerResponse,
  isGet: boolean,
  isText: boolean,
): void {
  dropConnectionHeaders(header);
  if (header === undefined) return;
  if (isText) header.set("content-type", textType(header));
  if (status === UNAUTHENTICATED_STATUS && !header.has("www-authenticate"))
    header.set("www-authenticate", CHALLENGE);
  if (!isGet) return;
  const given = {
    cacheControl: header.get("cache-control") ?? undefined,
    vary: header.get("vary") ?? undefined,
  };
  const isPublic = head.route?.policy.isPublic === true;
  for (const [name, value] of Object.entries(cacheHeaders(given, status, isPublic, head.corsHeaders?.vary)))
    header.set(name, value);
}

/** Takes the headers of the connection out. */
export function dropConnectionHeaders(headers: Headers | undefined): void {
  for (const name of [...(headers?.keys() ?? [])]) if (isOfConnection(name)) headers?.delete(name);
}
