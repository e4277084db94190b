import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { makeCertificates } from "../runrpc/server/listener/certificates.ts";
import {
  frame,
  GOAWAY,
  PING,
  PREFACE,
  parse,
  RST_STREAM,
  request,
  SETTINGS,
  SETTINGS_ACK,
} from "../runrpc/server/listener/frames.ts";
import { makeFolder, type ServeProcess, serve } from "./process.ts";

const path = "/rig.users.v1.UserService/ListUsers";
const connections = 8;
/** Calls at a time on each HTTP/2 connection. */
const lanes = 8;

type Frame = ReturnType<typeof parse>[number];
const DATA = 0;
const HEADERS = 1;
const SETTINGS_TYPE = 4;
/** `:status: 200` as HPACK has it (RFC 7541, appendix A). */
const STATUS_200 = 0x88;
const POST = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", path],
  [":authority", "localhost"],
  ["content-type", "application/json"],
] as const;

/** What came of the calls of one run. */
interface Tally {
  answered: number;
  readonly lost: string[];
}

const certificates = makeCertificates();
if (certificates !== undefined) process.once("exit", certificates.remove);
const ca = certificates === undefined ? undefined : readFileSync(certificates.caFile);

for (const [lane, flags] of [
  ["auto", []],
  ["stock", []],
  ["auto", ["--drain-delay-ms", "300"]],
  [
    "auto",
    certificates && ["--tls-key-file", certificates.keyFile, "--tls-cert-file", certificates.certFile],
  ],
] as const) {
  if (flags === undefined) continue;
  describe(`lane ${lane} ${flags[0] ?? ""}: a call that crosses a drain is not lost`, () => {
    it("on HTTP/2 connections, and on kept HTTP/1.1 connections", async (t) => {
      const server = await serve(await makeFolder(t), "--lane", lane, ...flags);
      t.after(() => server.child.kill("SIGKILL"));
      const busy = Promise.withResolvers<void>();
      const h1: Tally = { answered: 0, lost: [] };
      const h2: Tally = { answered: 0, lost: [] };
      const onAnswer = (): void => {
        if (h1.answered > 200 && h2.answered > 500) busy.resolve();
      };
      const clients = Array.from({ length: connections }, () => [
        keepAlive(server, h1, onAnswer),
        multiplexed(server, h2, onAnswer),
      ]).flat();
      await busy.promise;
      assert.equal(await server.stop(), 0);
      await Promise.all(clients);
      assert.deepEqual(h1.lost, []);
      assert.deepEqual(h2.lost, []);
    });
  });
}

/** One call after the other on one connection, until the server says that it closes it. */
async function keepAlive(server: ServeProcess, tally: Tally, onAnswer: () => void): Promise<void> {
  const isTls = server.url.startsWith("https");
  const options = { keepAlive: true, maxSockets: 1, ca };
  const agent = isTls ? new TlsAgent(options) : new Agent(options);
  const ask = isTls ? httpsRequest : httpRequest;
  for (;;) {
    const sent = ask(`${server.url}${path}`, { agent, method: "POST", headers: headersOf(server) });
    sent.end("{}");
    try {
      const [response] = await once(sent, "response");
      response.resume();
      await once(response, "end");
      if (response.statusCode !== 200) tally.lost.push(`HTTP ${response.statusCode}`);
      tally.answered++;
      onAnswer();
      if (response.headers.connection === "close") break;
    } catch (error) {
      tally.lost.push(String(error));
      break;
    }
  }
  agent.destroy();
}

/**
 * Several at a time, until the server says that it goes away: what was sent before that was read must be answered. It is
 * written by hand, because a client library refuses by itself what it has not sent when it reads a GOAWAY.
 */
async function multiplexed(server: ServeProcess, tally: Tally, onAnswer: () => void): Promise<void> {
  const { port } = server;
  const isTls = server.url.startsWith("https");
  const socket = isTls
    ? connectTls({ port, host: "127.0.0.1", ca, ALPNProtocols: ["h2"] })
    : connect({ port, host: "127.0.0.1" });
  let nextId = 1;
  let lastTaken: number | undefined;
  const open = new Set<number>();
  const send = (): void => {
    const fields = [...POST, ["x-api-key", server.key] as const];
    socket.write(Buffer.concat([request(nextId, fields, true), frame(0, 1, nextId, Buffer.from("{}"))]));
    open.add(nextId);
    nextId += 2;
  };
  const onFrame = ({ type, flags, streamId, payload }: Frame): void => {
    if (type === SETTINGS_TYPE && flags === 0) socket.write(SETTINGS_ACK);
    if (type === PING && flags === 0) socket.write(frame(PING, 1, 0, Buffer.from(payload)));
    if (type === GOAWAY) lastTaken = payload.readUInt32BE(0);
    if (type === HEADERS && flags === 4 && payload[0] !== STATUS_200)
      tally.lost.push(payload.toString("hex"));
    if (type === RST_STREAM) tally.lost.push(`stream ${streamId} reset: ${payload.readUInt32BE(0)}`);
    if ((type === DATA || type === HEADERS) && (flags & 1) === 1 && open.delete(streamId)) {
      tally.answered++;
      onAnswer();
      if (lastTaken === undefined) send();
    }
  };
  let bytes = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (const each of parse(bytes)) {
      bytes = bytes.subarray(9 + each.payload.length);
      onFrame(each);
    }
  });
  socket.on("error", (error) => tally.lost.push(String(error)));
  // Room for all that the connection will be sent: nothing here gives any back.
  socket.write(Buffer.concat([PREFACE, SETTINGS, frame(8, 0, 0, Buffer.of(0x3f, 0, 0, 0))]));
  for (let lane = 0; lane < lanes; lane++) send();
  await once(socket, "close");
  // Under TLS node:http2 overlooks what crosses, and says so: such a call may be sent anew.
  const isLost = (id: number): boolean => !isTls || id <= (lastTaken ?? 0);
  for (const id of open)
    if (isLost(id)) tally.lost.push(`stream ${id}, ${lastTaken} is the last that was taken`);
}

function headersOf({ key }: ServeProcess) {
  return { "x-api-key": key, "content-type": "application/json" };
}
