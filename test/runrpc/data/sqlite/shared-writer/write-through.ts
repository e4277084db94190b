import { writeSync } from "node:fs";
import { openStore } from "../../../../../src/runrpc/data/open-store.ts";
import { migrations, worker } from "../../fixture/open.ts";
import type { Modules } from "../../fixture/worker.ts";

// Prints each label once its write has been acknowledged, until it is killed. A caller that fails prints `! CODE` and ends.
const [file = "", writer = "", name = ""] = process.argv.slice(2);
const { queries } = await openStore<Modules>({ file, worker, migrations, readers: 1, writer });
await Promise.all(
  Array.from({ length: 16 }, async (_, caller) => {
    for (let index = 0; ; index++) {
      const label = `${name}-${caller}-${index}`;
      const code = await queries.items.insertPart({ itemId: 1, label }).then(
        () => "ok",
        (error) => error.code,
      );
      print(code === "ok" ? `${label}\n` : `! ${code}\n`);
      if (code !== "ok") return;
    }
  }),
);
print(`! ${await queries.items.insertName("late").catch((error) => `then ${error.code}`)}\n`);
process.exit();

/** A pipe that is full for a moment says EAGAIN. */
function print(line: string): void {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error; // As writeSync documents.
    }
  }
}
