import { create } from "@bufbuild/protobuf";
import { WatchResponseSchema } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { type Look, type LookRequest, lookFromText, textOfLook } from "./look.ts";

/** The last looks at processes that have ended, for those who look again and have not been told of all. */
export interface LastLooks {
  /** @param text as `Looker.lastLook` gives it */
  take(text: string): void;
  /** What of them is behind that which whoever asks was told, as texts for `lookFromText`. */
  since(request: Pick<LookRequest, "ended">): string[];
  close(): void;
}

/** What processes leave at their end. */
export const LAST_LOOK = "last look";

/** How long they are kept, in milliseconds: longer than most wait before they look again. */
const KEPT_MS = 10_000;

export function createLastLooks(): LastLooks {
  const kept = new Map<Look, NodeJS.Timeout>();
  return {
    take(text) {
      const look = lookFromText(text);
      kept.set(look, setTimeout(() => kept.delete(look), KEPT_MS).unref());
    },
    since: ({ ended }) =>
      [...kept.keys()].flatMap((look) => {
        const place = ended?.after[look.from] ?? look.next;
        return place < look.next ? [textOfLook(behind(look, place))] : [];
      }),
    close() {
      for (const timer of kept.values()) clearTimeout(timer);
      kept.clear();
    },
  };
}

function behind({ told, ...look }: Look, place: number): Look {
  const endedCalls = told.endedCalls.slice(-(look.next - place));
  const leftOutCalls = BigInt(look.next - place - endedCalls.length);
  return { ...look, told: create(WatchResponseSchema, { endedCalls, leftOutCalls }) };
}
