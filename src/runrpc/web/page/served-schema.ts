import { callPage } from "./connect/page-call.ts";
import type { Schema } from "./schema.ts";

/** What a server serves, as the page has learnt it. */
export interface ServedSchema {
  readonly schema: Schema;
  /** A digest of it. */
  readonly version: string;
  /** A digest of the files that the server has of the page. */
  readonly page: string;
}

/**
 * Asks what is served.
 *
 * @param known what the page knows already, which it is given again where nothing has changed
 * @throws CallFailure
 */
export async function askSchema(key: string, known?: ServedSchema): Promise<ServedSchema> {
  const asked = { known: known?.version ?? "" };
  const { json = "", version, page } = await callPage<Answer>("GetSchema", asked, key);
  if (json !== "") return { schema: JSON.parse(json) as Schema, version, page }; // of the server's own version
  if (known === undefined) throw new Error("the server did not tell what it serves");
  return { ...known, page };
}

interface Answer {
  /** Absent: the version is that which is known. */
  readonly json?: string;
  readonly version: string;
  readonly page: string;
}
