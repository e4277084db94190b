// Ten thousand connections for a while: `npm run soak -- --minutes 20 --connections 10000 --http2 own`. It ends with 1 when a
// call failed or memory does not come back.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultHttp2, http2Of } from "../abuse/http2.ts";
import { runSoak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    connections: { type: "string", default: "10000" },
    http2: { type: "string", default: defaultHttp2() },
  },
});
const minutes = numberOf("--minutes", values.minutes);
const connections = numberOf("--connections", values.connections);
const http2 = http2Of(values.http2);
/** A thousand calls a second, however many connections make them. */
const maxPauseMs = 2 * connections;
/** Of the start. */
const MOST_PARTS = 1.25;

const folder = await mkdtemp(join(tmpdir(), "runrpc-soak-"));
try {
  const endAtMs = performance.now() + 60_000 * minutes;
  const isOver = (): boolean => performance.now() >= endAtMs;
  const result = await runSoak({ folder, http2, connections, maxPauseMs, isOver });
  const { calls, opened, failures, beforeBytes, mostBytes, afterBytes } = result;
  console.log(
    `${http2}: ${calls} calls on ${opened} connections, ${connections} at a time, in ${minutes} min`,
  );
  const parts = afterBytes / beforeBytes;
  console.log(
    `memory: ${megabytes(beforeBytes)} before, ${megabytes(mostBytes)} at the most, ${megabytes(afterBytes)} after: ${Math.round(100 * parts)} %`,
  );
  for (const failure of failures) console.log(`failed: ${failure}`);
  if (failures.length > 0 || parts > MOST_PARTS) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

function numberOf(flag: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`${flag} takes a number above 0, not ${text}`);
  return number;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
