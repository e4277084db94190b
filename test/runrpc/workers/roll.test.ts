import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { Metadata } from "@grpc/grpc-js";
import { makeCertificates } from "../server/listener/certificates.ts";
import { startLoad } from "./load.ts";
import { makeProject, startWorkers, untilGone } from "./start-workers.ts";

/** The application, with a header on each answer that tells which of its versions it is. */
const build = (version: string) => `
const tell = (next) => async (request) => {
  const response = await next(request);
  response.header.set("x-build", "${version}");
  return response;
};
export default { ...(await load()), interceptors: () => [tell] };`;

/** Connects four times, with the session of the first: whether it was taken up. */
async function resumed(url: string, ca: string): Promise<boolean[]> {
  const { port } = new URL(url);
  const found: boolean[] = [];
  let session: Buffer | undefined;
  for (let index = 0; index < 4; index++) {
    const socket = connectTls({
      port: Number(port),
      host: "127.0.0.1",
      servername: "localhost",
      ca,
      session,
      ALPNProtocols: ["h2"],
    });
    socket.on("error", () => {});
    const ticket = Promise.withResolvers<Buffer>();
    socket.once("session", ticket.resolve);
    await once(socket, "secureConnect");
    found.push(socket.isSessionReused());
    session ??= await ticket.promise;
    socket.destroy();
  }
  return found;
}

test("SIGHUP has new processes with the new code take the place of all, and loses no call; certificates that change reach all", async (t) => {
  const certificates = makeCertificates();
  if (certificates === undefined) return t.skip("there is no openssl");
  t.after(certificates.remove);
  const { keyFile, certFile } = certificates;
  const project = makeProject(build("one"));
  const args = ["--tls-key-file", keyFile, "--tls-cert-file", certFile, "--log", "off"];
  const workers = await startWorkers(args, { cwd: project.cwd });
  const { url, key } = workers;
  const builds: string[] = [];
  const before = workers.pids();
  {
    const ca = readFileSync(certificates.caFile, "utf8");
    const onHeader = (headers: Metadata) => builds.push(String(headers.get("x-build")));
    await using load = startLoad(url, { key, count: 4, ca, onHeader });
    await load.more(3);
    assert.deepEqual(await resumed(url, ca), [false, true, true, true]);
    project.write(build("two"));
    workers.signal("SIGHUP");
    await workers.until("all were replaced", ({ msg }) => msg === "all workers were replaced");
    await untilGone(before);
    await load.more(3);
    assert.deepEqual(builds.slice(-4), ["two", "two", "two", "two"]);

    project.write("throw new Error('not today');");
    const now = workers.pids();
    workers.signal("SIGHUP");
    await workers.until("nobody is replaced", ({ msg }) =>
      /not replaced, the old ones go on: not today/.test(msg),
    );
    await load.more(3);
    assert.deepEqual(workers.pids(), now);
    assert.equal(builds.at(-1), "two");
    assert.deepEqual(load.failures, []);
  }
  const others = makeCertificates();
  t.after(() => others?.remove());
  copyFileSync(others?.keyFile ?? "", keyFile);
  copyFileSync(others?.certFile ?? "", certFile);
  const reloaded = await workers.until("both have the new ones", ({ msg }) => /were reloaded/.test(msg), 2);
  assert.deepEqual(reloaded.map(({ worker }) => worker).sort(), [1, 2]);
  workers.signal("SIGTERM");
  assert.deepEqual(await workers.ended, [0, null]);
});

test("a new process that hangs in its start holds up neither the next SIGHUP nor SIGTERM", async () => {
  const project = makeProject(build("one"));
  const workers = await startWorkers(["--log", "off"], { cwd: project.cwd });
  const before = workers.pids();
  const hanging = 'if (process.send) { console.error("it hangs"); for (;;); }';
  project.write(hanging);
  workers.signal("SIGHUP");
  await workers.until("it hangs", ({ msg }) => msg === "it hangs");
  const hung = workers.pids().filter((pid) => !before.includes(pid));
  project.write(build("two"));
  workers.signal("SIGHUP");
  await workers.until("all were replaced", ({ msg }) => msg === "all workers were replaced");
  await untilGone([...before, ...hung]);
  assert.equal(workers.pids().length, 2);
  project.write(hanging);
  workers.signal("SIGHUP");
  await workers.until("it hangs again", ({ msg }) => msg === "it hangs", 2);
  workers.signal("SIGTERM");
  assert.deepEqual(await workers.ended, [0, null]);
  assert.ok(!workers.lines.some(({ msg }) => /did not drain/.test(msg)));
});
