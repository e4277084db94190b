import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, relative as relativePath } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { createKey } from "../../../../src/runrpc/server/auth/format.ts";
import type { KeyStore } from "../../../../src/runrpc/server/auth/key-store.ts";
import type { CallRecord } from "../../../../src/runrpc/server/call/record.ts";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import type { ServerOptions } from "../../../../src/runrpc/server/server-options.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { runCommand } from "../../cli/run-command.ts";
import { makeCertificates } from "../listener/certificates.ts";

const CALL = "/rig.users.v1.UserService/ListUsers";
const users = partOfService(UserService, { listUsers: () => ({}) });
const folder = mkdtempSync(join(tmpdir(), "runrpc-unix-"));
after(() => rmSync(folder, { recursive: true }));

let count = 0;
const newPath = (): string => join(folder, `${++count}.sock`);

function start(host: string, options: Partial<ServerOptions> = {}): Promise<Server> {
  return startServer({ services: [users], keys: "open", ...options, server: { host, ...options.server } });
}

interface Told {
  readonly status: number;
  readonly text: string;
}

async function overHttp1(socketPath: string, headers = {}): Promise<Told> {
  const all = { "content-type": "application/json", ...headers };
  const request = httpRequest({ socketPath, path: CALL, method: "POST", headers: all, agent: false });
  request.end("{}");
  const [response] = await once(request, "response");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text };
}

async function overHttp2(createConnection: () => ReturnType<typeof connect>): Promise<Told> {
  const session = connectHttp2("http://localhost", { createConnection });
  const stream = session.request({ ":method": "POST", ":path": CALL, "content-type": "application/json" });
  stream.end("{}");
  const [headers] = await once(stream, "response");
  let text = "";
  for await (const chunk of stream) text += chunk;
  session.destroy();
  return { status: Number(headers[":status"]), text };
}

const OK = { status: 200, text: "{}" };

describe("a server on a Unix socket", () => {
  it("answers HTTP/1.1 and HTTP/2, of which its address and its records tell", async () => {
    const path = newPath();
    const records: CallRecord[] = [];
    const onRecord = (record: CallRecord): void => void records.push(record);
    const server = await start(`unix:${path}`, { onRecord });
    assert.deepEqual([server.host, server.port, server.url], [`unix:${path}`, 0, `unix:${path}`]);
    assert.deepEqual(await overHttp1(path), OK);
    assert.deepEqual(await overHttp2(() => connect(path)), OK);
    await server.drain();
    assert.deepEqual(
      records.map(({ peer, httpVersion }) => [peer, httpVersion]),
      [
        ["unix", "1.1"],
        ["unix", "2.0"],
      ],
    );
  });

  it("may be named as gRPC names it, and by a path that is relative", async () => {
    const path = newPath();
    const server = await start(`unix://${path}`);
    assert.deepEqual([server.url, await overHttp1(path)], [`unix:${path}`, OK]);
    await server.drain();
    const relative = await start(`unix:${relativePath(process.cwd(), path)}`);
    assert.equal(relative.url, `unix:${path}`);
    await relative.drain();
  });

  it("speaks TLS where it has a certificate", async (t) => {
    const certificates = makeCertificates();
    if (certificates === undefined) return t.skip("there is no openssl");
    const path = newPath();
    const { keyFile, certFile } = certificates;
    const server = await start(`unix:${path}`, { tls: { keyFile, certFile } });
    const connection = () => connectTls({ path, ALPNProtocols: ["h2"], rejectUnauthorized: false });
    assert.deepEqual(await overHttp2(connection), OK);
    const { code, stdout } = await runCommand([
      "call",
      "--address",
      server.url,
      "--insecure",
      "UserService/ListUsers",
    ]);
    assert.deepEqual([code, stdout], [0, "{}\n"]);
    await server.drain();
  });

  it("is open to its owner and group alone, and leaves no file behind", async () => {
    const path = newPath();
    const umask = process.umask(0);
    const server = await start(`unix:${path}`).finally(() => process.umask(umask));
    assert.equal(statSync(path).mode & 0o777, 0o660);
    await server.drain();
    assert.equal(existsSync(path), false);
  });

  it("takes the place of a process that was killed, and of no other", async () => {
    const path = newPath();
    const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("listens"))`;
    const child = spawn(process.execPath, ["--eval", script]);
    await once(child.stdout, "data");
    await assert.rejects(start(`unix:${path}`), {
      message: `the Unix socket ${path} is in use: stop the other process or choose another with --host`,
    });
    assert.ok(existsSync(path));
    child.kill("SIGKILL");
    await once(child, "close");
    assert.ok(existsSync(path));
    const server = await start(`unix:${path}`);
    assert.deepEqual(await overHttp1(path), OK);
    await server.drain();
  });

  it("removes nothing that is no socket", async () => {
    const path = newPath();
    writeFileSync(path, "kept");
    await assert.rejects(start(`unix:${path}`), {
      message: `${path} is there and is no socket: remove it or choose another with --host`,
    });
    assert.ok(existsSync(path));
  });

  it("says what is wrong with a path: too long by a byte, in a folder that is not there", async () => {
    const longest = join(folder, "x".repeat(107 - folder.length - 1));
    const server = await start(`unix:${longest}`);
    assert.deepEqual(await overHttp1(longest), OK);
    await server.drain();
    await assert.rejects(start(`unix:${longest}x`), /has 108 bytes, the maximum is 107: choose another/);
    await assert.rejects(
      start(`unix:${folder}/missing/a.sock`),
      /the folder of .*missing\/a\.sock is not there/,
    );
  });

  it("counts its peers as local, to a development key too, and sets them no limit of an address", async () => {
    const path = newPath();
    const { key, keyId, hash } = createKey();
    const stored = {
      keyId,
      hash,
      subject: "u",
      scopes: ["*"],
      loopbackOnly: true,
      revokedAt: undefined,
      expiresAt: undefined,
    };
    const keys: KeyStore = { find: async () => [stored], addUses: async () => {} };
    const server = await start(`unix:${path}`, { keys, limits: { maxConnectionsPerAddress: 1 } });
    const both = await Promise.all([
      overHttp1(path, { "x-api-key": key }),
      overHttp1(path, { "x-api-key": key }),
    ]);
    assert.deepEqual(both, [OK, OK]);
    await server.drain();
  });

  it("ends its open connections in a drain", async () => {
    const path = newPath();
    const server = await start(`unix:${path}`);
    const socket = connect(path).on("error", () => {});
    await once(socket, "connect");
    await server.drain();
    assert.equal(existsSync(path), false);
    await assert.rejects(overHttp1(path), { code: "ENOENT" });
    socket.destroy();
  });
});

describe("runrpc call to a Unix socket", () => {
  let server: Server;
  before(async () => {
    server = await start(`unix:${newPath()}`);
  });
  after(() => server.drain());

  for (const protocol of ["grpc", "grpc-web", "connect"]) {
    it(`is answered over ${protocol}`, async () => {
      for (const address of [server.url, server.url.replace("unix:", "unix://")]) {
        const args = ["call", "--address", address, "--protocol", protocol, "UserService/ListUsers", "{}"];
        const { code, stdout, stderr } = await runCommand(args);
        assert.deepEqual([code, stdout, stderr], [0, "{}\n", ""]);
      }
    });
  }

  it("says that nobody answers there", async () => {
    const { code, stderr } = await runCommand([
      "call",
      "--address",
      `unix:${folder}/none.sock`,
      "UserService/ListUsers",
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /none\.sock/);
  });
});
