import { ask } from "./ask.ts";

/** The service that the page asks, of the server that it came from. */
export const PAGE_SERVICE = "runrpc.web.v1.PageService";

/**
 * Asks the page's own service.
 *
 * @throws CallFailure
 */
export function callPage<T>(method: string, request: object, key?: string): Promise<T> {
  return ask<T>(`${PAGE_SERVICE}/${method}`, request, key);
}
