import { clone } from "@bufbuild/protobuf";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { type Finding, FindingSchema } from "../../../gen/runrpc/monitor/v1/debug_pb.ts";

/** What several processes have found, the latest first: what more than one has found in one place is one finding, as the first has it. */
export function joinFindings(lists: readonly (readonly Finding[])[]): Finding[] {
  const [only = [], ...others] = lists;
  if (others.length === 0) return [...only];
  const inTime = lists.flat().sort((one, other) => ms(one.firstTime) - ms(other.firstTime));
  const alike = Map.groupBy(inTime, ({ kind, place, method, text }) =>
    // How long it took is in its text.
    [kind, place, method, text.replace(/\d+/g, "")].join("\n"),
  );
  return [...alike.values()]
    .map((findings) => findings.reduce(together))
    .sort((one, other) => ms(other.lastTime) - ms(one.lastTime));
}

function together(one: Finding, other: Finding): Finding {
  const sum = clone(FindingSchema, one);
  sum.count += other.count;
  sum.totalMs += other.totalMs;
  sum.longestMs = Math.max(one.longestMs, other.longestMs);
  if (other.lastTime !== undefined && ms(other.lastTime) > ms(one.lastTime)) sum.lastTime = other.lastTime;
  return sum;
}

function ms(time: Timestamp | undefined): number {
  return time === undefined ? 0 : timestampMs(time);
}
