import { openSharedWriter } from "../../../../../src/runrpc/data/open-shared-writer.ts";
import { migrations, worker } from "../../fixture/open.ts";
import type { Modules } from "../../fixture/worker.ts";

// The process that writes, until it is killed. It tells the path of its socket, when the item 1 is there.
const [file = ""] = process.argv.slice(2);
const writer = await openSharedWriter<Modules>({ file, worker, migrations });
if (writer.created) await writer.queries.items.insertName("owner");
process.send?.(writer.socket);
