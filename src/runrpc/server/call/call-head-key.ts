import { createContextKey } from "@connectrpc/connect";
import type { CallHead } from "./call.ts";

/** Where a lane leaves the head of a call in its context values, for what the server itself serves. */
export const callHeadKey = createContextKey<CallHead | undefined>(undefined, {
  description: "the head of this call",
});
