// Clients of every library against our own HTTP/2: all four kinds, 3 MiB, 20,000 messages in a stream, cancel, deadline.
import { after, before, describe, it } from "node:test";
import { makeCertificates } from "../runrpc/server/listener/certificates.ts";
import { foreignClients } from "./foreign/clients.ts";
import { assertClient } from "./foreign/run-client.ts";
import { startWireServer } from "./foreign/service.ts";

const certificates = makeCertificates();
after(() => certificates?.remove());

for (const client of foreignClients) {
  describe(`${client.name} over our own HTTP/2`, { skip: client.skip }, () => {
    before(() => client.build());

    it("in cleartext", async () => {
      const server = await startWireServer({ http2: "own" });
      try {
        await assertClient(client, server, `127.0.0.1:${server.port}`);
      } finally {
        await server.close();
      }
    });

    if (!client.speaksTls) return;
    it("over TLS", { skip: certificates === undefined && "there is no openssl" }, async () => {
      const { keyFile = "", certFile = "", caFile } = certificates ?? {};
      const server = await startWireServer({ http2: "own", tls: { keyFile, certFile } });
      try {
        await assertClient(client, server, `127.0.0.1:${server.port}`, caFile);
      } finally {
        await server.close();
      }
    });
  });
}
