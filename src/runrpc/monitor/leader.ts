import { create } from "@bufbuild/protobuf";
import { WatchResponseSchema } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { createProcessGauge } from "./gauges.ts";
import { createLastLooks, LAST_LOOK } from "./last-looks.ts";
import { LATE_MS, type LookRequest, textOfLook } from "./look.ts";
import { LOOK } from "./lookout.ts";
import { createWatchers } from "./watchers.ts";

/** What the process that leads workers tells of itself, which serves no calls, and takes CPU and memory; and of those that have ended. */
export interface Leader {
  /** Its answers to what workers ask all about; none where it has none. */
  answers(about: string, text: string): readonly string[];
  /** Hears what a worker leaves at its end. */
  hear(about: string, text: string): void;
  close(): void;
}

export function createLeader(): Leader {
  const gauges = createWatchers(createProcessGauge);
  const lastLooks = createLastLooks();

  function ownLook({ watcher, intervalMs }: LookRequest): string {
    const process = gauges.of(watcher, intervalMs + LATE_MS).look();
    const told = create(WatchResponseSchema, { process });
    return textOfLook({ from: "leader", isNew: false, told, marks: [], next: 0 });
  }

  return {
    answers(about, text) {
      if (about !== LOOK) return [];
      const request = JSON.parse(text) as LookRequest; // as a worker asks
      return [ownLook(request), ...lastLooks.since(request)];
    },
    hear(about, text) {
      if (about === LAST_LOOK) lastLooks.take(text);
    },
    close() {
      gauges.close();
      lastLooks.close();
    },
  };
}
