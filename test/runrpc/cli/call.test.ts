import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  ServerReflection,
  type ServerReflectionRequest,
} from "../../../gen/grpc/reflection/v1/reflection_pb.ts";
import { createReflection } from "../../../src/runrpc/server/builtin/reflection.ts";
import type { Server } from "../../../src/runrpc/server/server.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { adaId, startDemoServer } from "./demo-server.ts";
import { type RunOptions, runCommand, startCommand } from "./run-command.ts";

describe("runrpc call", () => {
  let server: Server;
  let left: () => void = () => {};
  const run = (args: readonly string[], options: RunOptions = {}) =>
    runCommand(["call", ...args], { ...options, env: { RUNRPC_ADDRESS: server.url, ...options.env } });
  const linesOf = async (args: readonly string[], options: RunOptions = {}) => {
    const { code, stdout, stderr } = await run(args, options);
    assert.deepEqual([code, stderr], [0, ""], `${args.join(" ")}: ${stderr}`);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as unknown);
  };

  before(async () => {
    server = await startDemoServer(() => left());
  });
  after(() => server.drain());

  for (const protocol of ["grpc", "grpc-web", "connect"]) {
    it(`makes calls of all four kinds over ${protocol}`, async () => {
      const ask = (...args: string[]) => linesOf([...args, "--protocol", protocol]);
      assert.deepEqual(await ask("UserService/GetUser", `{"id":"${adaId}"}`, "-H", "x-name: Bob"), [
        { user: { id: adaId, email: "ada@example.com", displayName: "Bob" } },
      ]);
      assert.deepEqual(await ask("/rig.users.v1.UserService/StreamUsers", '{"limit":2}'), [
        { user: { displayName: "user 1" } },
        { user: { displayName: "user 2" } },
      ]);
      const entry = '{"entries":[{"message":"x"}]}';
      assert.deepEqual(await ask("LogService/UploadLogs", entry, entry), [{ logsReceived: "2" }]);
      assert.deepEqual(await ask("rig.chat.v1.ChatService.Chat", '{"text":"a"}', '{"text":"b"}'), [
        { kind: "KIND_RECEIPT", text: "Received: a" },
        { kind: "KIND_RECEIPT", text: "Received: b" },
      ]);
    });
  }

  it("reads JSON lines from stdin for a method that streams, and one JSON text for - elsewhere", async () => {
    const stdin = '{"entries":[{"message":"x"}]}\n\n{"entries":[{"message":"y"},{"message":"z"}]}\n';
    assert.deepEqual(await linesOf(["LogService/UploadLogs"], { stdin }), [{ logsReceived: "3" }]);
    assert.deepEqual(await linesOf(["LogService/UploadLogs", "-"], { stdin }), [{ logsReceived: "3" }]);
    assert.deepEqual(await linesOf(["UserService/StreamUsers", "-"], { stdin: '{\n"limit":\n1}' }), [
      { user: { displayName: "user 1" } },
    ]);
  });

  it("answers a line before the next one is typed", async () => {
    const child = startCommand(["call", "ChatService/Chat"], { env: { RUNRPC_ADDRESS: server.url } });
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    for (const word of ["a", "b"]) {
      child.stdin.write(`{"text":"${word}"}\n`);
      const { value = "" } = await answers.next();
      assert.deepEqual(JSON.parse(value), {
        kind: "KIND_RECEIPT",
        text: `Received: ${word}`,
      });
    }
    child.stdin.end();
    assert.deepEqual(await once(child, "close"), [0, null]);
  });

  it("lists services, methods with their kinds, and what a method takes", async () => {
    const services = await linesOf(["--json"]);
    assert.deepEqual(services, [
      [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "rig.chat.v1.ChatService",
        "rig.events.v1.EventService",
        "rig.logs.v1.LogService",
        "rig.users.v1.UserService",
      ],
    ]);
    assert.deepEqual(await linesOf(["ChatService", "--json"]), [
      [
        {
          method: "rig.chat.v1.ChatService/Chat",
          kind: "bidi streaming",
          request: "rig.chat.v1.ChatRequest",
          response: "rig.chat.v1.ChatResponse",
        },
      ],
    ]);
    assert.match(
      (await run(["LogService"])).stdout,
      /^rig\.logs\.v1\.LogService\/UploadLogs +client streaming +/m,
    );
    const { stdout } = await run(["LogService/UploadLogs", "--describe"]);
    assert.match(stdout, /^rpc UploadLogs\(stream rig\.logs\.v1\.UploadLogsRequest\) returns/);
    assert.match(stdout, /^ {2}map<string, string> attributes = 4;$/m);
    assert.match(stdout, /^enum rig\.logs\.v1\.Severity \{$/m);
  });

  it("a call that fails ends with 1, its code first on stderr, its details as JSON", async () => {
    const missing = await run(["UserService/GetUser", '{"id":"0be0643f-1d98-573b-97cd-ca98a65347dd"}']);
    assert.deepEqual(
      [missing.code, missing.stdout, missing.stderr],
      [1, "", "not_found: no user 0be0643f-1d98-573b-97cd-ca98a65347dd\n"],
    );
    const { code, stderr } = await run(["UserService/GetUser", '{"id":"x"}', "--json"]);
    const { code: name, details } = JSON.parse(stderr) as { code: string; details: { "@type": string }[] };
    assert.deepEqual([code, name, details[0]?.["@type"]], [1, "invalid_argument", "buf.validate.Violations"]);
  });

  it("what is mistyped ends with 2 and a suggestion", async () => {
    for (const [args, words] of [
      [["UserServce/GetUser"], "did you mean rig.users.v1.UserService?"],
      [["UserService/GetUsr"], "did you mean GetUser?"],
      [["UserService/GetUser", '{"idd":"1"}'], "did you mean id?"],
      [["ServerReflection"], "could be grpc.reflection.v1"],
      [["UserService/GetUser", "{"], "the message is not JSON"],
      [["UserService/GetUser", "{}", "{}"], "it takes one message, not 2"],
      [["LogService/UploadLogs", "{}", "[]"], "message 2 is no rig.logs.v1.UploadLogsRequest"],
      [["--header", "oops"], "it takes name:value"],
      [["--deadline-ms", "0"], "it takes a whole number from 1"],
      [["--address", "ftp://x"], "it takes a URL"],
      [["--ca-file", "/none.pem"], "no such file"],
    ] as const) {
      const { code, stdout, stderr } = await run(args);
      assert.deepEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`);
      assert.ok(stderr.startsWith("error: ") && stderr.includes(words), stderr);
    }
  });

  it("a deadline ends the call", async () => {
    const { code, stdout, stderr } = await run(["EventService/StreamEvents", "--deadline-ms", "1000"]);
    assert.deepEqual([code, stdout], [1, "{}\n"]);
    assert.match(stderr, /^deadline_exceeded: /);
  });

  it("Ctrl-C cancels the call on the server and ends with 130", async () => {
    const cancelled = new Promise<void>((resolve) => {
      left = resolve;
    });
    const child = startCommand(["call", "EventService/StreamEvents"], {
      env: { RUNRPC_ADDRESS: server.url },
    });
    await once(child.stdout, "data");
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    assert.equal(code, 130);
    await cancelled;
  });

  it("ends quietly when its reader leaves", async () => {
    const child = startCommand(["call", "UserService/StreamUsers", '{"limit":1000000}'], {
      env: { RUNRPC_ADDRESS: server.url },
    });
    await once(child.stdout, "data");
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    const [code] = await once(child, "close");
    assert.deepEqual([code, stderr], [141, ""]);
  });
});

describe("runrpc call and a server that is different", () => {
  const serve = async (
    services:
      | readonly { service: typeof UserService; implementation: object }[]
      | ReturnType<typeof createReflection>,
  ) => {
    const listener = createServer(
      connectNodeAdapter({
        routes(router) {
          for (const { service, implementation } of services) router.service(service, implementation);
        },
      }),
    );
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    after(() => listener.close());
    return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`; // a TCP server has one
  };
  const users = { service: UserService, implementation: { getUser: () => ({ user: { id: adaId } }) } };

  it("falls back to reflection v1alpha", async () => {
    const alpha = createReflection([UserService], { isPublic: true }).filter(({ service }) =>
      service.typeName.includes("v1alpha"),
    );
    const address = await serve([users, ...alpha] as ReturnType<typeof createReflection>);
    const { code, stdout, stderr } = await runCommand([
      "call",
      "UserService/GetUser",
      "{}",
      "--address",
      address,
    ]);
    assert.deepEqual([code, JSON.parse(stdout), stderr], [0, { user: { id: adaId } }, ""]);
  });

  it("tells of reflection whose files cannot be read", async () => {
    const hostile = {
      service: ServerReflection,
      implementation: {
        async *serverReflectionInfo(requests: AsyncIterable<ServerReflectionRequest>) {
          for await (const { messageRequest } of requests)
            yield messageRequest.case === "listServices"
              ? {
                  messageResponse: { case: "listServicesResponse", value: { service: [{ name: "a.v1.B" }] } },
                }
              : {
                  messageResponse: {
                    case: "fileDescriptorResponse",
                    value: { fileDescriptorProto: [Uint8Array.of(0x0a, 0xff)] },
                  },
                };
        },
      },
    };
    const address = await serve([hostile] as unknown as ReturnType<typeof createReflection>);
    const { code, stderr } = await runCommand(["call", "B/C", "--address", address]);
    assert.equal(code, 1);
    assert.match(stderr, /^internal: reflection sent files that cannot be read: .+\n$/);
  });

  it("tells an error whose details are no messages of their types, and shows their bytes", async () => {
    const failing = {
      service: UserService,
      implementation: {
        getUser() {
          const error = new ConnectError("no such user", Code.NotFound);
          error.details.push({ type: "buf.validate.Violations", value: Uint8Array.of(0x0a, 0xff) });
          throw error;
        },
      },
    };
    const reflection = createReflection([UserService], { isPublic: true });
    const address = await serve([failing, ...reflection] as ReturnType<typeof createReflection>);
    const { code, stderr } = await runCommand(["call", "UserService/GetUser", "{}", "--address", address]);
    assert.equal(code, 1);
    assert.equal(stderr, 'not_found: no such user\n  {"@type":"buf.validate.Violations","value":"Cv8="}\n');
  });

  it("says so when there is no reflection, or nobody", async () => {
    const address = await serve([users]);
    const mute = await runCommand(["call", "--address", address]);
    assert.equal(mute.code, 1);
    assert.match(mute.stderr, /^unimplemented: .*\nThe server has no reflection/);
    const nobody = await runCommand(["call", "--address", "127.0.0.1:1"]);
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /^unavailable: .*\nNothing answers at 127\.0\.0\.1:1/);
  });
});
