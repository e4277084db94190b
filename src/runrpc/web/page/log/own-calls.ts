import type { CallFilter } from "./search.ts";

/** What the page itself asks for so that it can show something; what it changes, such as a key, is none of it. */
const ASKED_BY_PAGE =
  /^runrpc\.web\.v1\.PageService\/|^runrpc\.monitor\.v1\.MonitorService\/(Watch|List|Get)/;

/** Whether a call of a method is left out: one that the page asks with, unless somebody looks for such calls by name. */
export function isLeftOut(method: string, filter: CallFilter): boolean {
  return filter.method === undefined && filter.requestId === undefined && ASKED_BY_PAGE.test(method);
}
