import type { Row } from "./row.ts";
import { amplification } from "./rows/amplification.ts";
import { bombsRow } from "./rows/bombs.ts";
import { browserRules } from "./rows/browser-rules.ts";
import { canarySecrets } from "./rows/canary-secrets.ts";
import { cancelMatrix } from "./rows/cancel-matrix.ts";
import { deadlines } from "./rows/deadlines.ts";
import { disk } from "./rows/disk.ts";
import { drainUnderLoad } from "./rows/drain-under-load.ts";
import { faultyHandlers } from "./rows/faulty-handlers.ts";
import { frameFloods } from "./rows/frame-floods.ts";
import { hostileHeads } from "./rows/hostile-heads.ts";
import { hostileLogValues } from "./rows/hostile-log-values.ts";
import { http2Fuzz } from "./rows/http2-fuzz.ts";
import { keyBattery } from "./rows/key-battery.ts";
import { keylessUploads } from "./rows/keyless-uploads.ts";
import { killNine } from "./rows/kill-nine.ts";
import { largeRemoval } from "./rows/large-removal.ts";
import { mutatedRequests } from "./rows/mutated-requests.ts";
import { neverSettling } from "./rows/never-settling.ts";
import { randomMessages } from "./rows/random-messages.ts";
import { rapidReset } from "./rows/rapid-reset.ts";
import { slowLogWriter } from "./rows/slow-log-writer.ts";
import { slowPeers } from "./rows/slow-peers.ts";
import { soak } from "./rows/soak.ts";
import { stalledReaders } from "./rows/stalled-readers.ts";
import { startUpGuards } from "./rows/start-up-guards.ts";
import { streamFloods } from "./rows/stream-floods.ts";
import { workerKills } from "./rows/worker-kills.ts";
import { writeIsolation } from "./rows/write-isolation.ts";

/** The catalogue, in the order in which it is run. */
export const rows: readonly Row[] = [
  hostileHeads,
  rapidReset,
  frameFloods,
  http2Fuzz,
  streamFloods,
  slowPeers,
  bombsRow,
  keylessUploads,
  mutatedRequests,
  randomMessages,
  deadlines,
  keyBattery,
  canarySecrets,
  hostileLogValues,
  startUpGuards,
  browserRules,
  faultyHandlers,
  cancelMatrix,
  neverSettling,
  stalledReaders,
  amplification,
  drainUnderLoad,
  killNine,
  workerKills,
  writeIsolation,
  largeRemoval,
  disk,
  slowLogWriter,
  soak,
];
