import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { type Listener, listen } from "../../../../src/runrpc/server/listener/listen.ts";
import { makeCertificates } from "./certificates.ts";
import { PREFACE } from "./frames.ts";
import { ask, ECHO, heard, http2, OPTIONS, start, tcp } from "./start.ts";

const certificates = makeCertificates();
const REQUEST = "GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

if (certificates !== undefined) {
  const { caFile, keyFile, certFile, clientKeyFile, clientCertFile, strangerKeyFile, strangerCertFile } =
    certificates;
  const tls = { keyFile, certFile, caFile: "", minVersion: "TLSv1.2" };
  const ca = readFileSync(caFile);
  process.once("exit", certificates.remove);

  const open = async (
    t: TestContext,
    listener: Listener,
    options: ConnectionOptions = {},
  ): Promise<TLSSocket> => {
    const socket = connect({ port: listener.port, host: "127.0.0.1", ca, ...options });
    t.after(() => socket.destroy());
    await once(socket, "secureConnect");
    socket.on("error", () => {});
    return socket;
  };

  test("ALPN chooses HTTP/2", async (t) => {
    const listener = await start(t, { tls });
    assert.equal(listener.encrypted, true);
    const session = http2(t, listener, { ca });
    assert.equal((await ask(session)).text, "2 / 127.0.0.1");
    assert.equal(session.alpnProtocol, "h2");
    assert.deepEqual([listener.stats().http2, listener.stats().connections], [1, 1]);
  });

  test("ALPN chooses HTTP/1.1", async (t) => {
    const socket = await open(t, await start(t, { tls }), { ALPNProtocols: ["http/1.1"] });
    assert.equal(socket.alpnProtocol, "http/1.1");
    socket.write(REQUEST);
    assert.match(await heard(socket), /^HTTP\/1\.1 200 [\s\S]*1 \/a 127\.0\.0\.1$/);
  });

  test("without ALPN the first bytes decide", async (t) => {
    const listener = await start(t, { tls });
    const first = await open(t, listener);
    first.write(REQUEST);
    assert.match(await heard(first), /^HTTP\/1\.1 200 /);
    const second = await open(t, listener);
    second.write(PREFACE);
    const [settings] = await once(second, "data");
    assert.equal(settings[3], 4); // a SETTINGS frame
  });

  test("a client certificate is asked for when a CA file is given", async (t) => {
    const listener = await start(t, { tls: { ...tls, caFile } });
    const read = (key: string, cert: string) => ({ ca, key: readFileSync(key), cert: readFileSync(cert) });
    const known = http2(t, listener, read(clientKeyFile, clientCertFile));
    assert.equal((await ask(known)).status, 200);
    const stranger = http2(t, listener, read(strangerKeyFile, strangerCertFile));
    assert.equal((await ask(stranger)).status, 0);
    assert.equal((await ask(http2(t, listener, { ca }))).status, 0);
  });

  test("a client below the minimum version is refused, and the server goes on", async (t) => {
    const listener = await start(t, { tls: { ...tls, minVersion: "TLSv1.3" } });
    const old = connect({ port: listener.port, host: "127.0.0.1", ca, maxVersion: "TLSv1.2" });
    const [error] = await once(old, "error");
    assert.equal(error.code, "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    const socket = await open(t, listener);
    assert.equal(socket.getProtocol(), "TLSv1.3");
  });

  test("a handshake that is not finished in time is given up", async (t) => {
    const listener = await start(t, { tls, firstByteTimeoutMs: 30 });
    assert.equal(await heard(tcp(t, listener)), "");
    const half = tcp(t, listener);
    half.write("\x16\x03\x01");
    assert.equal(await heard(half), "");
  });

  test("a connection that says nothing after its handshake is closed", async (t) => {
    const listener = await start(t, { tls, firstByteTimeoutMs: 1_000, headersTimeoutMs: 30 });
    await heard(await open(t, listener, { ALPNProtocols: ["h2"] }));
    await heard(await open(t, listener, { ALPNProtocols: ["http/1.1"] }));
    await listener.drain();
    assert.equal(listener.stats().connections, 0);
  });

  test("what is not TLS ends its connection alone", async (t) => {
    const listener = await start(t, { tls });
    const socket = tcp(t, listener);
    socket.write(REQUEST);
    assert.doesNotMatch(await heard(socket), /HTTP/);
    assert.equal((await ask(http2(t, listener, { ca }))).status, 200);
  });

  test("drain and the limit of connections count encrypted connections", async (t) => {
    const listener = await start(t, { tls, maxConnections: 1 });
    const session = http2(t, listener, { ca });
    await ask(session);
    assert.equal(await heard(tcp(t, listener)), "");
    assert.equal(listener.stats().refusedConnections, 1);
    await Promise.all([once(session, "goaway"), listener.drain()]);
    assert.equal(listener.stats().connections, 0);
  });

  const missing = join(certificates.dir, "missing.pem");
  const broken = join(certificates.dir, "broken.pem");
  writeFileSync(broken, "not a certificate");
  const failures: [string, typeof tls, RegExp][] = [
    ["a missing key", { ...tls, keyFile: missing }, /^cannot read the TLS key file ".*missing\.pem": ENOENT/],
    [
      "a missing certificate",
      { ...tls, certFile: missing },
      /^cannot read the TLS certificate file ".*missing\.pem"/,
    ],
    ["a missing CA", { ...tls, caFile: missing }, /^cannot read the TLS CA file ".*missing\.pem"/],
    [
      "a directory",
      { ...tls, keyFile: certificates.dir },
      /^cannot read the TLS key file .*it is no ordinary file/,
    ],
    [
      "a broken key",
      { ...tls, keyFile: broken },
      /^the TLS key file .*broken\.pem holds no usable private key/,
    ],
    [
      "a broken certificate",
      { ...tls, certFile: broken },
      /^the TLS certificate file .*broken\.pem holds no usable/,
    ],
    ["a broken CA", { ...tls, caFile: broken }, /^the TLS CA file .*broken\.pem holds no certificate/],
    [
      "another's key",
      { ...tls, keyFile: clientKeyFile },
      /^the TLS key .* and the certificate .* do not belong together/,
    ],
    ["an unknown version", { ...tls, minVersion: "TLSv1" }, /^the TLS version "TLSv1" is not known/],
  ];
  for (const [name, options, message] of failures) {
    test(`${name} stops the start with a sentence`, async () => {
      await assert.rejects(listen({ ...OPTIONS, tls: options }, ECHO), { message });
    });
  }
}
