// nginx, Envoy and haproxy before our own HTTP/2, which they speak to as clients: all that a client does goes through.
import { after, before, describe, it } from "node:test";
import { foreignClients } from "./foreign/clients.ts";
import { assertClient } from "./foreign/run-client.ts";
import { startWireServer, type WireServer } from "./foreign/service.ts";
import { proxyKinds, type RunningProxy, startProxy } from "./proxies/start.ts";

/** One that sends WINDOW_UPDATE and PING with what it takes, and one with windows of its own. */
const clients = foreignClients.filter(({ name }) => name === "grpc-go" || name === "tonic");

for (const kind of proxyKinds) {
  describe(`behind ${kind.name}`, { skip: kind.tool.skip }, () => {
    let server: WireServer;
    let proxy: RunningProxy;
    before(async () => {
      server = await startWireServer({ http2: "own" });
      proxy = await startProxy(kind, server.port);
    });
    after(async () => {
      await proxy?.close();
      await server?.close();
    });

    for (const client of clients)
      it(client.name, { skip: client.skip }, async () => {
        await client.build();
        await assertClient(client, server, `127.0.0.1:${proxy.port}`);
      });
  });
}
