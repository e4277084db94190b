// Compares codecs with protobuf-es for long: `npm run fuzz:codec -- --minutes 10`, or until so many messages are compared, with
// `--messages 5000000`. It ends with 1 at the first case that differs, and prints its seed: `npm run fuzz:codec -- --minutes 0
// --seed SEED` repeats that case alone.
import { parseArgs } from "node:util";
import { messagesIn, newTally, runCase } from "./run-case.ts";

/** How often it says how far it is. */
const REPORT_MS = 60_000;

const { values } = parseArgs({
  options: { minutes: { type: "string" }, messages: { type: "string" }, seed: { type: "string" } },
});
const messages = Number(values.messages ?? Infinity);
const minutes = Number(values.minutes ?? (values.messages === undefined ? 10 : Infinity));
const first = Number(values.seed ?? Date.now() % 1_000_000_000);
if (!(minutes >= 0) || !(messages > 0) || !Number.isSafeInteger(first))
  throw new Error(
    `--minutes takes a number from 0 on, --messages one above 0, --seed a whole one: not ${JSON.stringify(values)}`,
  );
const beginMs = performance.now();
const tally = newTally();
let seed = first;
let reportAtMs = beginMs + REPORT_MS;
try {
  do {
    runCase(seed++, tally);
    if (performance.now() > reportAtMs) {
      reportAtMs += REPORT_MS;
      console.log(summary());
    }
  } while (performance.now() < beginMs + 60_000 * minutes && messagesIn(tally) < messages);
  console.log(`${summary()}: ${JSON.stringify(tally)}`);
} catch (error) {
  console.error(`seed ${seed - 1}:`, error);
  process.exitCode = 1;
}

function summary(): string {
  const seconds = Math.round((performance.now() - beginMs) / 1_000);
  return `${messagesIn(tally)} messages in ${seconds} s, from seed ${first} on, none differs`;
}
