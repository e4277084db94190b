// The tests' application as `runrpc serve` starts it: `node app.ts <folder> [database]`.

import { startApp } from "../../src/runrpc/app/start-app.ts";
import { loadConfig } from "../../src/runrpc/config/config.ts";
import definition from "../../test/app/main.ts";
import { serveControl } from "./control.ts";

const [folder = ".", database = `${folder}/app.sqlite`] = process.argv.slice(2);
const flags = {
  "server.host": "127.0.0.1",
  "server.port": "0",
  "database.url": database,
};
const app = await startApp(definition, await loadConfig({ flags, folder }));
serveControl({ port: app.port, key: app.developmentKey }, { calls: () => app.stats() });
