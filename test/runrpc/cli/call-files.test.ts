import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { connect } from "runrpc/client";
import type { Server } from "../../../src/runrpc/server/server.ts";
import { ConformanceService } from "../../conformance/gen/connectrpc/conformance/v1/service_pb.ts";
import { type ConformanceServer, startConformance } from "../client/conformance-server.ts";
import { makeCertificates } from "../server/listener/certificates.ts";
import { startDemoServer } from "./demo-server.ts";
import { runCommand } from "./run-command.ts";

const root = join(import.meta.dirname, "../../..");
const protos = join(root, "test/conformance/proto");
const file = join(protos, "connectrpc/conformance/v1/service.proto");

describe("runrpc call and a server without reflection", () => {
  let server: ConformanceServer;
  const set = join(process.env.TMPDIR ?? "/tmp", `runrpc-call-${process.pid}.binpb`);
  before(async () => {
    const settings = { host: "127.0.0.1", port: 0, reflection: false };
    server = await startConformance({ unary: () => ({ payload: {} }) }, { server: settings });
    const buf = join(root, "node_modules/@bufbuild/buf/bin/buf");
    execFileSync(buf, ["build", protos, "--as-file-descriptor-set", "--output", set]);
  });
  after(async () => {
    rmSync(set, { force: true });
    await server.drain();
  });
  const call = (...args: string[]) => runCommand(["call", "--address", server.url, ...args], { cwd: root });

  it("says that files can be named instead", async () => {
    const { code, stderr } = await call("ConformanceService/Unary", "{}");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^unimplemented: .*\nThe server has no reflection, .*: name its files with --proto\.\n$/s,
    );
  });

  for (const [what, path] of [
    ["a file", file],
    ["a folder", protos],
    ["a descriptor set", set],
  ] as const)
    it(`is called by what ${what} says`, async () => {
      const { code, stdout, stderr } = await call("--proto", path, "ConformanceService/Unary", "{}");
      assert.deepEqual([code, stdout, stderr], [0, '{"payload":{}}\n', ""]);
    });

  it("is described with the comments of its files", async () => {
    const { stdout } = await call("--proto", file, "ConformanceService/IdempotentUnary", "--describe");
    assert.match(stdout, /^\/\/ .+\n(\/\/.*\n)*rpc IdempotentUnary\(/);
    assert.match(stdout, /\n {2}\/\/ .+\n {2}\S+ \w+ = \d+;/);
  });

  for (const [path, words] of [
    [join(protos, "none.proto"), /none\.proto/],
    [join(root, "package.json"), /./],
    ["/none.binpb", /^error: --proto: .*no such file/],
  ] as const)
    it(`${path} is refused with 2`, async () => {
      const { code, stdout, stderr } = await call("--proto", path, "ConformanceService/Unary");
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, words);
    });
});

describe("what `runrpc call` tells of a method and of a mistake", () => {
  let server: Server;
  before(async () => {
    server = await startDemoServer();
  });
  after(() => server.drain());
  const call = (...args: string[]) => runCommand(["call", ...args], { env: { RUNRPC_ADDRESS: server.url } });

  it("the scopes that it asks for, and the rules of its fields", async () => {
    const { stdout } = await call("UserService/GetUser", "--describe");
    assert.match(
      stdout,
      /^rpc GetUser\(rig\.users\.v1\.GetUserRequest\) returns \(rig\.users\.v1\.GetUserResponse\);\n\/\/ scopes: users\.read\n/,
    );
    assert.match(stdout, /\n {2}\/\/ rules: \{"string":\{"uuid":true\}\}\n {2}string id = 1;\n/);
    const health = await call("grpc.health.v1.Health/Check", "--describe");
    assert.match(health.stdout, /^rpc Check\([^\n]*\n\nmessage /);
  });

  it("the comments of the project that it is asked in, where its contract is the server's", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "runrpc-contract-"));
    t.after(() => rmSync(folder, { recursive: true }));
    cpSync(join(root, "proto"), join(folder, "proto"), { recursive: true });
    cpSync(join(root, "test/proto"), join(folder, "test"), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "buf.yaml"), "version: v2\nmodules:\n  - path: proto\n  - path: test\n");
    const describeHere = async () => {
      const args = ["call", "UserService/GetUser", "--describe", "--address", server.url];
      return (await runCommand(args, { cwd: join(folder, "proto") })).stdout;
    };

    const told = await describeHere();
    assert.match(told, /^\/\/ GetUser .*\nrpc GetUser\(/);
    const contract = join(folder, "test/rig/users/v1/users.proto");
    const text = readFileSync(contract, "utf8");
    writeFileSync(
      contract,
      text.replace("message GetUserRequest {", "message GetUserRequest {\n  int32 other = 9;"),
    );
    assert.match(await describeHere(), /^rpc GetUser\(/);
    writeFileSync(contract, "no contract");
    assert.match(await describeHere(), /^rpc GetUser\(/);
  });

  it("a value that an enum does not have: its field, and what there is", async () => {
    for (const [method, json, words] of [
      [
        "LogService/ListLogs",
        '{"minSeverity":"ERROR"}',
        'minSeverity is "ERROR"; it takes SEVERITY_UNSPECIFIED, ',
      ],
      ["LogService/ListLogs", '{"minSeverity":"SEVERITY_EROR"}', "; did you mean SEVERITY_ERROR?"],
      ["LogService/ListLogs", '{"min_severity":true}', "min_severity is true; it takes "],
      ["LogService/UploadLogs", '{"entries":[{},{"severity":"x"}]}', 'entries[1].severity is "x"; it takes '],
    ] as const) {
      const { code, stdout, stderr } = await call(method, json);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.ok(stderr.includes(words), stderr);
    }
  });

  it("an option by the name that other tools have for it", async () => {
    for (const [option, ours] of [
      ["--url", "--address"],
      ["--token", "--key"],
      ["--timeout", "--deadline-ms"],
    ] as const)
      for (const args of [[option, "x"], [`${option}=x`]]) {
        const { code, stderr } = await call(...args);
        assert.deepEqual([code, stderr], [2, `error: there is no option ${option}; did you mean ${ours}?\n`]);
      }
    const { code, stderr } = await call("--plaintext");
    assert.deepEqual([code, stderr.includes("an address that begins with http://")], [2, true]);
    assert.ok(!(await call("--help")).stdout.includes("--url"));
  });
});

const certificates = makeCertificates();
describe("a server whose certificate nobody here vouches for", { skip: certificates === undefined }, () => {
  let server: ConformanceServer;
  const { keyFile = "", certFile = "", caFile = "" } = certificates ?? {};
  before(async () => {
    const tls = { keyFile, certFile };
    server = await startConformance({ idempotentUnary: () => ({}) }, { tls });
  });
  after(async () => {
    await server.drain();
    certificates?.remove();
  });

  for (const protocol of ["grpc", "grpc-web", "connect"] as const) {
    it(`is unavailable to \`runrpc call\`, with what to do; ${protocol}`, async () => {
      const args = ["call", "--protocol", protocol, "--address", server.url];
      const { code, stdout, stderr } = await runCommand(args);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(
        stderr,
        /^unavailable: the connection to the server is not trusted: .*\nName the authority .* --ca-file, .*\n$/,
      );
      assert.equal((await runCommand([...args, "--ca-file", caFile])).code, 0);
    });

    it(`is unavailable to a typed client, after one attempt; ${protocol}`, async () => {
      let attempts = 0;
      const key = (): string => `${++attempts}`;
      using client = connect(server.url, ConformanceService, { protocol, key });
      const reason = await client.idempotentUnary({}).catch((error: unknown) => ConnectError.from(error));
      assert.ok(reason instanceof ConnectError);
      assert.deepEqual([reason.code, attempts], [Code.Unavailable, 1]);
    });
  }

  it("so is one that speaks no TLS", async () => {
    const listener = createServer((socket) => socket.end("no TLS here\n")).listen(0, "127.0.0.1");
    await new Promise((resolve) => listener.once("listening", resolve));
    const address = listener.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { code, stderr } = await runCommand(["call", "--address", `https://127.0.0.1:${port}`]);
    listener.close();
    assert.deepEqual([code, stderr.split(":")[0]], [1, "unavailable"]);
  });
});
