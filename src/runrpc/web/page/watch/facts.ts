import { h } from "../dom.ts";
import { bytesText, countText, durationText, percentText } from "../numbers.ts";
import type { Look } from "./look.ts";

/** Health, the process, and what waits: one number each. */
export function createFacts(): { readonly element: HTMLElement; update(look: Look): void } {
  const list = h("dl", { class: "facts" });
  const values = new Map<string, HTMLElement>();

  function tell(name: string, text: string, isBad = false): void {
    let value = values.get(name);
    if (value === undefined) {
      value = h("dd");
      values.set(name, value);
      list.append(h("div", {}, h("dt", {}, name), value));
    }
    if (value.textContent !== text) value.textContent = text;
    value.classList.toggle("bad", isBad);
  }

  return {
    element: list,
    update({ serving, process, openCallCount, reads, writes, records, threads, silentWorkers }) {
      tell("Health", ...healthOf(serving));
      if (silentWorkers > 0 || values.has(SILENT)) tell(SILENT, String(silentWorkers), silentWorkers > 0);
      tell("Open calls", String(openCallCount));
      tell("Connections", String(process.connections));
      tell("Loop", `${percentText(process.loopBusy)} busy, ${durationText(process.loopDelayP99Ms)} late`);
      tell("CPU", percentText(process.cpu));
      tell("Memory", `${bytesText(process.residentBytes)}, heap ${bytesText(process.heapUsedBytes)}`);
      tell("Reads", `${countText(reads.queriesPerSecond)}/s, ${reads.queued} wait`);
      tell("Writes", `${countText(writes.queriesPerSecond)}/s, ${writes.queued} wait`);
      const { queuedRecords, droppedRecords } = records;
      tell("Request log", `${queuedRecords} wait, ${droppedRecords} dropped`, droppedRecords > 0);
      for (const { service, threads: count, inFlight, queued } of threads)
        tell(`Threads of ${lastOf(service)}`, `${count}: ${inFlight} calls run, ${queued} wait`);
      tell("Up", durationText(process.uptimeSeconds * 1_000));
    },
  };
}

/** In words, and whether that is bad. */
function healthOf(serving: Look["serving"]): readonly [text: string, isBad: boolean] {
  const names = Object.keys(serving);
  const down = names.filter((name) => serving[name] !== true);
  if (down.length === 0) return ["serving", false];
  return [down.length === names.length ? "not serving" : `not serving: ${down.join(", ")}`, true];
}

/** Of several workers: those that do not answer. */
const SILENT = "Silent workers";

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
