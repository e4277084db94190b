import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect } from "node:tls";
import type { Listener } from "../../../../src/runrpc/server/listener/listen.ts";
import { validityNotices } from "../../../../src/runrpc/server/listener/validity.ts";
import { makeCertificates } from "./certificates.ts";
import { ask, http2, start } from "./start.ts";

const certificates = makeCertificates();

if (certificates !== undefined) {
  const { caFile, keyFile, certFile, clientKeyFile, clientCertFile, strangerCertFile } = certificates;
  process.once("exit", certificates.remove);
  const dayMs = 24 * 3_600_000;
  /** Two certificates of one authority. */
  const first = { key: keyFile, cert: certFile };
  const second = { key: clientKeyFile, cert: clientCertFile };
  type Pair = typeof first;

  const put = (folder: string, pair: Partial<Pair>): void => {
    if (pair.key !== undefined) copyFileSync(pair.key, join(folder, "tls.key"));
    if (pair.cert !== undefined) copyFileSync(pair.cert, join(folder, "tls.crt"));
  };

  /** A listener that reads from a folder of its own, and what it is told. */
  async function follow(t: TestContext, folder: string) {
    const notices: string[] = [];
    let woken = Promise.withResolvers<void>();
    const listener = await start(t, {
      tls: {
        keyFile: join(folder, "tls.key"),
        certFile: join(folder, "tls.crt"),
        caFile: "",
        minVersion: "TLSv1.2",
      },
      onNotice(_level, text) {
        notices.push(text);
        woken.resolve();
      },
    });
    return {
      listener,
      notices,
      /** Waits for a notice that fits. */
      async told(pattern: RegExp): Promise<void> {
        while (!notices.some((text) => pattern.test(text))) {
          await woken.promise;
          woken = Promise.withResolvers();
        }
      },
    };
  }

  const served = async (listener: Listener): Promise<string> => {
    const socket = connect({ port: listener.port, host: "127.0.0.1", ca: readFileSync(caFile) });
    await once(socket, "secureConnect");
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  const fingerprintOf = ({ cert }: Pair) => new X509Certificate(readFileSync(cert)).fingerprint256;

  const makeFolder = (t: TestContext): string => {
    const folder = mkdtempSync(join(tmpdir(), "certificates-"));
    t.after(() => rmSync(folder, { recursive: true }));
    return folder;
  };

  test("files that are renamed over the old ones are served, and open connections stay", async (t) => {
    const folder = makeFolder(t);
    put(folder, first);
    const { listener, told } = await follow(t, folder);
    assert.equal(await served(listener), fingerprintOf(first));
    const session = http2(t, listener, { ca: readFileSync(caFile) });
    await ask(session);
    const next = makeFolder(t);
    put(next, second);
    // A key without its certificate is of no use: the old pair is kept, and the log says why.
    renameSync(join(next, "tls.key"), join(folder, "tls.key"));
    await told(/stay as they are: .*do not belong together/);
    assert.equal(await served(listener), fingerprintOf(first));
    renameSync(join(next, "tls.crt"), join(folder, "tls.crt"));
    await told(/were reloaded/);
    assert.equal(await served(listener), fingerprintOf(second));
    assert.equal((await ask(session)).status, 200);
    put(folder, first); // written in place
    await told(/were reloaded/);
    while ((await served(listener)) !== fingerprintOf(first)) await new Promise(setImmediate);
  });

  test("a link that is turned, as Kubernetes does, is followed, again and again", async (t) => {
    const folder = makeFolder(t);
    const place = (name: string, pair: Pair): void => {
      mkdirSync(join(folder, name));
      put(join(folder, name), pair);
      symlinkSync(name, join(folder, "..data_tmp"));
      renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    };
    place("..1", first);
    symlinkSync("..data/tls.key", join(folder, "tls.key"));
    symlinkSync("..data/tls.crt", join(folder, "tls.crt"));
    const { listener, notices, told } = await follow(t, folder);
    for (const [name, pair] of [
      ["..2", second],
      ["..3", first],
    ] as const) {
      notices.length = 0;
      place(name, pair);
      await told(/were reloaded/);
      assert.equal(await served(listener), fingerprintOf(pair));
    }
  });

  test("a folder above the files that is a link, and files that come back, are followed", async (t) => {
    const folder = makeFolder(t);
    for (const [name, pair] of [
      ["a", first],
      ["b", second],
    ] as const) {
      mkdirSync(join(folder, name));
      put(join(folder, name), pair);
    }
    symlinkSync("a", join(folder, "live"));
    const { listener, notices, told } = await follow(t, join(folder, "live"));
    symlinkSync("b", join(folder, "next"));
    renameSync(join(folder, "next"), join(folder, "live"));
    await told(/were reloaded/);
    assert.equal(await served(listener), fingerprintOf(second));
    rmSync(join(folder, "b/tls.crt"));
    await told(/stay as they are: cannot read/);
    assert.equal(await served(listener), fingerprintOf(second));
    notices.length = 0;
    put(join(folder, "b"), first);
    await told(/were reloaded/);
    assert.equal(await served(listener), fingerprintOf(first));
  });

  test("files that become a pipe, a folder, or a name that leads nowhere are told of, and those before them served", async (t) => {
    const folder = makeFolder(t);
    put(folder, first);
    const { listener, notices, told } = await follow(t, folder);
    const replace = (make: (path: string) => void): void => {
      make(join(folder, "next"));
      rmSync(join(folder, "tls.crt"), { recursive: true });
      renameSync(join(folder, "next"), join(folder, "tls.crt"));
    };
    for (const [make, why] of [
      // Nobody writes to it: whoever opened it would wait for ever, and the server with it.
      [(path: string) => void execFileSync("mkfifo", [path]), /it is no ordinary file/],
      [(path: string) => mkdirSync(path), /it is no ordinary file/],
      // The system knows no such names.
      [(path: string) => symlinkSync("n".repeat(300), path), /ENAMETOOLONG/],
      [(path: string) => symlinkSync("tls.crt", path), /ELOOP/],
      [(path: string) => writeFileSync(path, Buffer.alloc(2_000_000)), /it has more than 1048576 bytes/],
    ] as const) {
      notices.length = 0;
      replace(make);
      await told(new RegExp(`stay as they are: cannot read .*${why.source}`));
      assert.equal(await served(listener), fingerprintOf(first));
    }
    replace((path) => copyFileSync(second.cert, path));
    put(folder, { key: second.key });
    await told(/were reloaded/);
    assert.equal(await served(listener), fingerprintOf(second));
  });

  test("a reload that is asked for says what came of it", async (t) => {
    const folder = makeFolder(t);
    put(folder, first);
    const { listener, notices } = await follow(t, folder);
    notices.length = 0;
    listener.reloadCertificates();
    assert.deepEqual(notices, ["the TLS files are as they were"]);
    put(folder, second);
    listener.reloadCertificates();
    assert.match(String(notices[1]), /were reloaded/);
    assert.equal(await served(listener), fingerprintOf(second));
  });

  test("a certificate that expired, is not valid yet, or expires within 14 days is told of", () => {
    const pem = readFileSync(certFile, "utf8");
    const { validFromDate, validToDate } = new X509Certificate(pem);
    const at = (timeMs: number) => validityNotices("it", pem, timeMs).map(({ level, text }) => [level, text]);
    const to = validToDate.getTime();
    assert.deepEqual(at(to), [["error", `it expired at ${validToDate.toISOString()}`]]);
    assert.deepEqual(at(to - 1), [["warn", `it expires soon, at ${validToDate.toISOString()}`]]);
    assert.deepEqual(at(validFromDate.getTime() - 1), [
      ["error", `it is not valid before ${validFromDate.toISOString()}`],
    ]);
    // The certificates of these tests are good for two days.
    assert.equal(at(validFromDate.getTime()).length, 1);
    const both = validityNotices("it", pem + readFileSync(strangerCertFile, "utf8"), to + dayMs);
    assert.match(String(both[1]?.text), /^it, number 2 in it, expired at /);
    assert.deepEqual(validityNotices("it", "no certificate", to), []);
  });

  test("the start says that the certificates end soon, those of the client's authorities too", async (t) => {
    const notices: string[] = [];
    await start(t, {
      tls: { keyFile, certFile, caFile, minVersion: "TLSv1.2" },
      onNotice: (level, text) => void notices.push(`${level}: ${text.split(",")[0]}`),
    });
    assert.deepEqual(notices, [
      `warn: the TLS certificate ${certFile} expires soon`,
      `warn: the TLS CA certificate ${caFile} expires soon`,
    ]);
  });
}
