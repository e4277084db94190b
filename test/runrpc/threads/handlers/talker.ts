// A thread that says numbers: some of them are sent at once, some are gathered, and the last ones are left in its draft.
import { parentPort, workerData } from "node:worker_threads";
import { createChannel } from "../../../../src/runrpc/threads/channel.ts";

const { memory, count } = workerData as { memory: SharedArrayBuffer; count: number };
const channel = createChannel({
  memory,
  side: "thread",
  post: (message, transfer) => parentPort?.postMessage(message, transfer),
  hear() {},
  instead: (op, _call, value) => [op, value],
});
for (let n = 0; n < count; n++) {
  channel.say(1, n, Buffer.from(String(n)), n);
  if (n % 37 === 0 && n < count - 37) channel.flush();
}
process.exit();
