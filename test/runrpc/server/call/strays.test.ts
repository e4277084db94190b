import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { createInterface } from "node:readline";
import { after, before, describe, it, type TestContext, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { watchStrays } from "../../../../src/runrpc/server/call/strays.ts";
import { ChatRequestSchema } from "../../../gen/rig/chat/v1/chat_pb.ts";
import { framed, open, seen } from "../lanes/fast/serve.ts";
import { recordingLog } from "../recording-log.ts";

const SAID = framed(toBinary(ChatRequestSchema, create(ChatRequestSchema, { room: "r", text: "hello" })));
const paths = {
  unary: ["/rig.users.v1.UserService/ListUsers", Buffer.alloc(5)],
  "server stream": ["/rig.users.v1.UserService/StreamUsers", Buffer.alloc(5)],
  "bidirectional stream": ["/rig.chat.v1.ChatService/Chat", SAID],
} as const;

type Line = Readonly<Record<string, unknown>>;

/** The server of `../strays/server.ts`, in a process of its own. */
async function start(lane: string, onStray: string) {
  const file = new URL("../strays/server.ts", import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, [file, lane, onStray], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  assert.ok(child.stdout !== null);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<Line> => JSON.parse((await lines.next()).value ?? "{}") as Line;
  const { port } = await nextLine();
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  return { child, session, nextLine };
}

function call(session: ClientHttp2Session, kind: keyof typeof paths, headers: Record<string, string>) {
  const [path, body] = paths[kind];
  const stream = open(session, path, headers);
  const answer = seen(stream);
  stream.end(body);
  return answer;
}

for (const lane of ["stock", "auto"]) {
  describe(`an error that nobody catches, lane ${lane}`, () => {
    let server: Awaited<ReturnType<typeof start>>;
    before(async () => {
      server = await start(lane, "continue");
    });
    after(() => {
      server.session.destroy();
      server.child.kill("SIGKILL");
    });

    for (const [deed, error, kinds] of [
      ["rejection", "rejection", ["unary", "server stream", "bidirectional stream"]],
      ["late rejection", "late rejection", ["unary", "server stream", "bidirectional stream"]],
      ["rejection with undefined", "undefined", ["unary"]],
      ["timer", "timer", ["unary", "server stream", "bidirectional stream"]],
      ["immediate", "immediate", ["unary"]],
      ["tick", "tick", ["unary", "server stream"]],
      ["microtask", "microtask", ["unary", "bidirectional stream"]],
      ["emitter", "emitter", ["unary"]],
      ["abort listener", "abort listener", ["unary", "server stream"]],
    ] as const) {
      for (const kind of kinds) {
        it(`a ${deed} of a ${kind} is logged with its method and request id, and all goes on`, async () => {
          const requestId = `${deed}-${kind}`.replaceAll(" ", "-");
          const { trailers } = await call(server.session, kind, {
            "x-deed": deed,
            "x-request-id": requestId,
            "grpc-timeout": deed === "abort listener" ? "50m" : "10S",
          });
          assert.equal(trailers["grpc-status"], deed === "abort listener" ? "4" : "0");
          const { level, path, requestId: logged, err } = await server.nextLine();
          assert.deepEqual([level, path, logged, err], ["fatal", paths[kind][0], requestId, error]);
          assert.equal((await call(server.session, "unary", {})).trailers["grpc-status"], "0");
        });
      }
    }

    it("they are counted, also those of which the log says nothing, and the drain is as ever", async () => {
      await call(server.session, "unary", { "x-deed": "many" });
      server.child.kill("SIGTERM");
      let logged = 0;
      let line = await server.nextLine();
      for (; line.err === "many"; line = await server.nextLine()) logged++;
      assert.deepEqual(line, { strays: 18 + 1_000 });
      assert.ok(logged <= 100, `${logged} lines`);
      server.session.close();
      const [code] = await once(server.child, "exit");
      assert.equal(code, 0);
    });
  });

  test(`lane ${lane}: under errors.on_stray drain the server ends what is open, and its exit code is 1`, async (t) => {
    const { child, session, nextLine } = await start(lane, "drain");
    t.after(() => {
      session.destroy();
      child.kill("SIGKILL");
    });
    const exit = once(child, "exit");
    const goaway = once(session, "goaway");
    const [path, body] = paths["bidirectional stream"];
    const chat = open(session, path);
    const answer = seen(chat);
    chat.write(body);
    await once(chat, "data");
    await call(session, "unary", { "x-deed": "timer" });
    assert.equal((await nextLine()).level, "fatal");
    // The connection was told to go away, and the open call goes on to its end.
    await goaway;
    chat.end();
    assert.equal((await answer).trailers["grpc-status"], "0");
    assert.equal((await exit)[0], 1);
  });
}

test("a hundred strays in a second have a line, and the first of the next says of how many there is none", (t: TestContext) => {
  const { log, lines } = recordingLog();
  let nowMs = 0;
  let heard = 0;
  const strays = watchStrays({ log, currentCall: () => undefined, onStray: () => heard++, now: () => nowMs });
  t.after(() => strays.close());
  const listener = process.listeners("unhandledRejection").at(-1);
  const stray = () => listener?.(new Error("stray"), Promise.resolve());
  for (let count = 0; count < 105; count++) stray();
  nowMs = 999;
  stray();
  assert.equal(lines.length, 100);
  nowMs = 1_000;
  stray();
  const last = lines.at(-1);
  assert.deepEqual([last?.level, last?.fields], ["fatal", { ...last?.fields, unlogged: 6 }]);
  assert.deepEqual([strays.count, heard], [107, 107]);
  stray();
  assert.ok(!("unlogged" in (lines.at(-1)?.fields ?? {})), "they are told of once");
});

test("a server that is given no log says on standard error what nobody catches, and goes on", async () => {
  const file = new URL("../strays/unlogged.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"] });
  try {
    const [port] = await once(createInterface(child.stdout), "line");
    let said = "";
    for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
      said += chunk;
      if (said.includes("unlogged.ts")) break;
    }
    assert.match(
      said,
      /^runrpc: .*nobody (?:awaits|catches).*\nError: a mistake at the top\n +at .*unlogged\.ts:/,
    );
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
  } finally {
    child.kill("SIGKILL");
  }
});
