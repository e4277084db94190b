import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { ChatService } from "../../../gen/rig/chat/v1/chat_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { askHttp2, say } from "./ask.ts";

const CLOSE = "Connection: close\r\n";

/** As balancers, proxies and orchestrators send it by default; PATH stands for the probe. */
const PROBES: readonly (readonly [sender: string, request: string])[] = [
  ["haproxy, option httpchk GET", "GET PATH HTTP/1.0\r\n\r\n"],
  ["haproxy, option httpchk", "OPTIONS PATH HTTP/1.0\r\n\r\n"],
  ["haproxy, HTTP/1.1 without a host", `GET PATH HTTP/1.1\r\n${CLOSE}\r\n`],
  ["HEAD without a host", "HEAD PATH HTTP/1.0\r\n\r\n"],
  ["nginx", "GET PATH HTTP/1.0\r\nHost: backend_servers\r\nConnection: close\r\n\r\n"],
  [
    "the kubelet",
    `GET PATH HTTP/1.1\r\nHost: 10.1.2.3:50051\r\nUser-Agent: kube-probe/1.33\r\nAccept: */*\r\n${CLOSE}\r\n`,
  ],
  [
    "the kubelet, IPv6",
    `GET PATH HTTP/1.1\r\nHost: [fd00::7]:50051\r\nUser-Agent: kube-probe/1.33\r\n${CLOSE}\r\n`,
  ],
  ["AWS", `GET PATH HTTP/1.1\r\nHost: 10.1.2.3:80\r\nUser-Agent: ELB-HealthChecker/2.0\r\n${CLOSE}\r\n`],
  ["Google", `GET PATH HTTP/1.1\r\nHost: 10.1.2.3\r\nUser-Agent: GoogleHC/1.0\r\n${CLOSE}\r\n`],
  [
    "Envoy, named after an Istio cluster",
    `GET PATH HTTP/1.1\r\nhost: outbound|80||a.b.svc.cluster.local\r\nuser-agent: Envoy/HC\r\n${CLOSE}\r\n`,
  ],
  [
    "Consul",
    `GET PATH HTTP/1.1\r\nHost: localhost:1\r\nUser-Agent: Consul Health Check\r\nAccept: text/plain, text/*, */*\r\n${CLOSE}\r\n`,
  ],
  ["an IPv6 address without brackets", `GET PATH HTTP/1.1\r\nHost: fd00::7\r\n${CLOSE}\r\n`],
  ["an empty host", `GET PATH HTTP/1.1\r\nHost:\r\n${CLOSE}\r\n`],
  ["a whole URL", `GET http://10.1.2.3:50051PATH HTTP/1.1\r\nHost: 10.1.2.3:50051\r\n${CLOSE}\r\n`],
  ["a whole URL over HTTP/1.0", "GET http://10.1.2.3:50051PATH HTTP/1.0\r\n\r\n"],
  ["a slash behind", `GET PATH/ HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  ["a query", `GET PATH?a=b/c HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  ["a slash and a query", `GET PATH/?verbose HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`],
  [
    "Java's HttpClient and curl --http2",
    "GET PATH HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
  ],
  ["a body that nobody asked for", `GET PATH HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n${CLOSE}\r\n{}`],
];

for (const lane of ["auto", "stock"]) {
  describe(`lane ${lane}`, () => {
    let server: Server;
    before(async () => {
      server = await startServer({
        services: [partOfService(ChatService, {})],
        keys: "open",
        server: { host: "127.0.0.1", port: 0, lane },
      });
    });
    after(() => server.drain());

    for (const [sender, request] of PROBES) {
      it(`a probe as of ${sender} is answered`, async () => {
        for (const [path, text] of [
          ["/healthz", "ok\n"],
          ["/readyz", "ready\n"],
        ] as const) {
          const { status, body } = await say(server.port, request.replace("PATH", path));
          assert.deepEqual([status, body.toString()], [200, request.startsWith("HEAD") ? "" : text]);
        }
      });
    }

    it("a probe over HTTP/2 with prior knowledge is answered, whatever its method and host", async () => {
      for (const method of ["GET", "HEAD", "OPTIONS"]) {
        for (const [path, text] of [
          ["/healthz", "ok\n"],
          ["/readyz?x", "ready\n"],
        ] as const) {
          for (const headers of [{}, { ":authority": "10.1.2.3:1" }, { ":authority": "my_cluster" }]) {
            const { status, body } = await askHttp2(server.port, { method, path, headers });
            assert.deepEqual([status, body.toString()], [200, method === "HEAD" ? "" : text]);
          }
        }
      }
    });

    it("one that asks for an upgrade gets its answers on the connection that it has", async () => {
      const upgrade =
        "Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
      const socket = connect(server.port, "127.0.0.1");
      socket.setEncoding("latin1");
      const seen: string[] = [];
      for (const request of [
        `GET /healthz HTTP/1.1\r\n${upgrade}\r\n`,
        `GET /readyz HTTP/1.1\r\n${upgrade}\r\n`,
        `POST /rig.chat.v1.ChatService/C HTTP/1.1\r\n${upgrade}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
      ]) {
        socket.write(request);
        const [chunk] = await once(socket, "data");
        seen.push(String(chunk).slice(0, 12));
      }
      socket.destroy();
      assert.deepEqual(seen, ["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 404"]);
    });

    it("what is no probe needs its host", async () => {
      for (const [request, status] of [
        [`GET / HTTP/1.1\r\n\r\n`, 400],
        [`GET /healthzz HTTP/1.1\r\nHost: [\r\n\r\n`, 400],
        [`POST /healthz HTTP/1.1\r\nHost: [\r\nContent-Length: 0\r\n\r\n`, 400],
        [`GET / HTTP/1.0\r\n\r\n`, 404],
        [`OPTIONS / HTTP/1.0\r\n\r\n`, 204],
        [`OPTIONS * HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`, 204],
      ] as const) {
        const answer = await say(server.port, request);
        assert.deepEqual([request, answer.status], [request, status]);
        assert.equal(answer.headers["x-request-id"] === undefined, status === 204);
      }
    });

    it("OPTIONS * is answered over HTTP/2", async () => {
      assert.equal((await askHttp2(server.port, { method: "OPTIONS", path: "*" })).status, 204);
    });

    it("a page that is not there says what is", async () => {
      const { status, body } = await say(server.port, `GET / HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
      assert.equal(status, 404);
      assert.match(
        body.toString(),
        /^nothing is at \/: .*\/package\.Service\/Method.*\/healthz and \/readyz/,
      );
      const long = await say(server.port, `GET /${"x".repeat(9_000)} HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
      assert.ok(long.body.length < 500, `${long.body.length}`);
    });

    it("a server that lives and should get no calls says both", async () => {
      server.health.set(ChatService.typeName, "not_serving");
      for (const method of ["GET", "OPTIONS"]) {
        assert.equal((await say(server.port, `${method} /healthz HTTP/1.0\r\n\r\n`)).status, 200);
        const { status, headers } = await say(server.port, `${method} /readyz HTTP/1.0\r\n\r\n`);
        assert.deepEqual([status, headers["cache-control"]], [503, "no-store"]);
        assert.ok(headers["x-request-id"]);
      }
      server.health.set(ChatService.typeName, "serving");
    });
  });
}
