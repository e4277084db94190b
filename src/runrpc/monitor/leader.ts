import { create } from "@bufbuild/protobuf";
import { WatchResponseSchema } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { createProcessGauge } from "./gauges.ts";
import { LATE_MS, type LookRequest, textOfLook } from "./look.ts";
import { LOOK } from "./lookout.ts";
import { createWatchers } from "./watchers.ts";

/** What the process that leads workers tells of itself: it serves no calls, and takes CPU and memory. */
export interface Leader {
  /** Its answer to what workers ask all about; undefined where it has none. */
  answer(about: string, text: string): string | undefined;
  close(): void;
}

export function createLeader(): Leader {
  const gauges = createWatchers(createProcessGauge);
  return {
    answer(about, text) {
      if (about !== LOOK) return undefined;
      const { watcher, intervalMs } = JSON.parse(text) as LookRequest; // as a worker asks
      const process = gauges.of(watcher, intervalMs + LATE_MS).look();
      const told = create(WatchResponseSchema, { process });
      return textOfLook({ from: "leader", isNew: false, told, marks: [], next: 0 });
    },
    close: gauges.close,
  };
}
