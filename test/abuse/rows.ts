import type { Row } from "./row.ts";
import { browserRules } from "./rows/browser-rules.ts";
import { canarySecrets } from "./rows/canary-secrets.ts";
import { deadlines } from "./rows/deadlines.ts";
import { frameFloods } from "./rows/frame-floods.ts";
import { hostileHeads } from "./rows/hostile-heads.ts";
import { hostileLogValues } from "./rows/hostile-log-values.ts";
import { keyBattery } from "./rows/key-battery.ts";
import { mutatedRequests } from "./rows/mutated-requests.ts";
import { rapidReset } from "./rows/rapid-reset.ts";
import { slowPeers } from "./rows/slow-peers.ts";
import { startUpGuards } from "./rows/start-up-guards.ts";
import { streamFloods } from "./rows/stream-floods.ts";

/** The catalogue, in the order in which it is run. */
export const rows: readonly Row[] = [
  hostileHeads,
  rapidReset,
  frameFloods,
  streamFloods,
  slowPeers,
  mutatedRequests,
  deadlines,
  keyBattery,
  canarySecrets,
  hostileLogValues,
  startUpGuards,
  browserRules,
];
