import { ask } from "../connect/ask.ts";
import { MONITOR } from "../connect/services.ts";
import type { EndedCall } from "../record/ended-call.ts";

/** What is looked for; what is left out matches all. */
export interface CallFilter {
  readonly method?: string;
  readonly codes?: readonly string[];
  readonly keyId?: string;
  readonly requestId?: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly minDurationMs?: number;
}

/** What a filter finds, page by page, the latest call first. */
export interface Search {
  /** All has been found. */
  readonly isOver: boolean;
  /** The next page, which may be empty while there are further ones. Rejects with a CallFailure. */
  next(): Promise<readonly EndedCall[]>;
}

const PAGE_SIZE = 500;

export function searchCalls(filter: CallFilter, key: () => string | undefined): Search {
  let pageToken: string | undefined = "";
  return {
    get isOver() {
      return pageToken === undefined;
    },
    async next() {
      const request = { ...filter, pageSize: PAGE_SIZE, pageToken };
      const page = await ask<{ calls?: readonly EndedCall[]; nextPageToken?: string }>(
        `${MONITOR}/ListCalls`,
        request,
        key(),
      );
      pageToken = page.nextPageToken || undefined;
      return page.calls ?? [];
    },
  };
}
