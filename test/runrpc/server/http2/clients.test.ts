import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { text } from "node:stream/consumers";
import { describe, it, type TestContext } from "node:test";
import type { Stream } from "../../../../src/runrpc/server/http2/stream.ts";
import { h2spec, runTool } from "../../../wire/tools.ts";
import { makeCertificates } from "../listener/certificates.ts";
import { countBody, serve } from "./serve.ts";

const certificates = makeCertificates();
if (certificates !== undefined) process.once("exit", certificates.remove);
const tls =
  certificates === undefined
    ? undefined
    : {
        key: readFileSync(certificates.keyFile, "utf8"),
        cert: readFileSync(certificates.certFile, "utf8"),
      };

const transports = [
  { title: "cleartext", scheme: "http", tls: undefined, skip: false },
  { title: "TLS", scheme: "https", tls, skip: tls === undefined && "there is no openssl" },
] as const;

/** What h2spec, curl and the rest ask of a server: a body for each request, once it is whole. */
function hello(stream: Stream): void {
  const answer = (): void => {
    stream.respond(200, { "content-type": "text/plain", "content-length": 5 });
    stream.end(Buffer.from("hello"));
  };
  if (stream.headers["content-length"] === undefined) answer();
  else stream.handler = { data() {}, ended: answer, drained() {}, finished() {}, closed() {} };
  stream.resume();
}

function session(t: TestContext, url: string): ClientHttp2Session {
  const client = connect(url, { rejectUnauthorized: false });
  client.on("error", () => {});
  t.after(() => client.destroy());
  return client;
}

for (const transport of transports) {
  describe(transport.title, { skip: transport.skip }, () => {
    const begin = async (t: TestContext, onStream: (stream: Stream) => void): Promise<string> => {
      const { port } = await serve(t, onStream, {}, transport.tls);
      return `${transport.scheme}://127.0.0.1:${port}`;
    };

    it("node:http2 sends and reads bodies of any size, many at once", async (t) => {
      const client = session(t, await begin(t, countBody));
      const sizes = [0, 1, 5, 16_384, 16_385, 300_000, 3_000_000];
      const answers = sizes.map((size) => {
        const stream = client.request({ ":method": "POST", ":path": "/" });
        stream.end(Buffer.alloc(size));
        return text(stream);
      });
      assert.deepEqual(await Promise.all(answers), sizes.map(String));
    });

    it("node:http2 reads a response of 10 MB that is as it was sent", async (t) => {
      const body = Buffer.alloc(10_000_000);
      for (let at = 0; at < body.length; at += 4) body.writeUInt32BE(at, at);
      const client = session(
        t,
        await begin(t, (stream) => {
          stream.respond(200, {});
          for (let at = 0; at < body.length; at += 9_999) stream.write(body.subarray(at, at + 9_999));
          stream.end();
        }),
      );
      const parts: Buffer[] = [];
      for await (const chunk of client.request({ ":path": "/" })) parts.push(chunk);
      assert.ok(Buffer.concat(parts).equals(body));
    });

    it("node:http2 answers pings, and leaves after GOAWAY", async (t) => {
      const url = await begin(t, hello);
      const client = session(t, url);
      await once(client, "connect");
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      client.ping((error) => (error === null ? resolve() : reject(error)));
      await promise;
      assert.equal(await text(client.request({ ":path": "/" })), "hello");
      client.close();
      await once(client, "close");
    });

    it("curl sends and reads", async (t) => {
      const url = await begin(t, countBody);
      const flags = ["-sk", transport.scheme === "http" ? "--http2-prior-knowledge" : "--http2"];
      const { stdout } = await runTool(
        "curl",
        ...flags,
        "-d",
        "x".repeat(100_000),
        "-w",
        " %{http_version} %{http_code}",
        url,
      );
      assert.equal(stdout, "100000 2 200");
      const head = await runTool("curl", ...flags, "-I", url);
      assert.match(head.stdout, /^HTTP\/2 200 \r\n/);
    });

    it("h2spec, strict", { skip: h2spec().skip }, async (t) => {
      const { port } = new URL(await begin(t, hello));
      const encrypted = transport.scheme === "https" ? ["-t", "-k"] : [];
      const { stdout, code } = await runTool(
        h2spec().path,
        "-S",
        "-h",
        "127.0.0.1",
        "-p",
        port,
        ...encrypted,
      );
      assert.match(stdout, /(\d+) tests, \1 passed, 0 skipped, 0 failed\n$/, stdout.slice(-2_000));
      assert.equal(code, 0);
    });
  });
}
