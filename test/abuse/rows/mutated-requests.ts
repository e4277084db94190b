import assert from "node:assert/strict";
import { createRandom } from "../../runrpc/server/lanes/differential/random.ts";
import { frame, request } from "../../runrpc/server/listener/frames.ts";
import { within } from "../arena.ts";
import { BYTE_MUTATIONS } from "../mutate/bytes.ts";
import { type Mutant, mutantOf } from "../mutate/request.ts";
import { type Answer, createClient } from "../post.ts";
import { openRaw, openRawHttp2 } from "../raw.ts";
import type { Arena, Row } from "../row.ts";
import type { Subject } from "../subject.ts";

/** Clients at a time, each with a connection of its own. */
const WIDTH = 32;
/** One mutant in so many is sent as bytes by hand, with its head broken as well. */
const RAW_EVERY = 5;
/** The one `internal` that gRPC wants: a compressed message whose call names no compression (its page compression.md). */
const NO_COMPRESSION = /do not know how to decompress/;
const ANSWER_MS = 20_000;

/** Requests made worse at random: each is answered, and nothing that its client did is the server's fault. */
export const mutatedRequests: Row = {
  name: "mutated requests",
  lanesAtOnce: true,
  async attack(arena) {
    const server = await arena.serve({
      mayLog: NO_COMPRESSION,

      flags: ["--log", "errors"],
    });
    const count = arena.rounds(50_000, 1_000);
    const first = arena.random.below(1 << 30);
    let next = first;
    const work = async (): Promise<void> => {
      const clients = { "1.1": createClient(server.port, "1.1"), "2": createClient(server.port, "2") };
      while (next < first + count) {
        const seed = next++;
        const mutant = mutantOf(seed, server.key);
        await arena.attempt(`${seed}, ${mutant.about}`, async () => {
          if (seed % RAW_EVERY === 0) await sendBroken(server, mutant, seed);
          else isHeld(await within(ANSWER_MS, () => clients[mutant.wire.version].post(mutant.post)), mutant);
        });
      }
      clients["1.1"].close();
      clients["2"].close();
    };
    await Promise.all(Array.from({ length: WIDTH }, work));
    await goesOn(arena, server);
  },
};

/** What a client did wrong is never `internal`, 500, or left without an answer; a refusal has its request id. */
function isHeld({ status, headers, code, message }: Answer, { post, wire }: Mutant): void {
  // Malformed, and no request by that (RFC 9113, 8.2.1): the stream is reset. node:http2 overlooks the header.
  if (wire.version === "2" && status === 0 && Object.values(post.headers).some(isPadded)) return;
  const seen = `${status} ${code} ${message}`.slice(0, 300);
  if (NO_COMPRESSION.test(message)) return;
  assert.ok(!["internal", "unknown", "data_loss", "none", "http 500"].includes(code), seen);
  if (code !== "ok" && !code.startsWith("http "))
    assert.ok(headers["x-request-id"] !== undefined, `no id: ${seen}`);
  if (post.method === "POST") assert.notEqual(status, 0, seen);
}

/** Whether a space or a tab is at an end of a header's value. */
function isPadded(value: unknown): boolean {
  return /^[ \t]|[ \t]$/.test(String(value));
}

/** Sends a mutant with its head broken too. It ends its side, so the server has to answer or to close. */
async function sendBroken({ port }: Subject, { post, wire }: Mutant, seed: number): Promise<void> {
  const random = createRandom(seed);
  const broken = (bytes: Buffer): Buffer => random.pick(BYTE_MUTATIONS)(bytes, random);
  const fields = Object.entries(post.headers).map(([name, value]) => [name, String(value)] as const);
  if (wire.version === "2") {
    const connection = await openRawHttp2(port);
    const head = request(
      1,
      [[":method", "POST"], [":scheme", "http"], [":path", post.path], [":authority", "a"], ...fields],
      true,
    );
    await connection.send(
      broken(Buffer.concat([head, frame(0, 1, 1, Buffer.from(post.body.subarray(0, 16_384)))])),
    );
    connection.socket.end();
    await within(ANSWER_MS, () => connection.closed);
    return;
  }
  const connection = await openRaw(port);
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `POST ${post.path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${post.body.length}\r\n${lines}\r\n`;
  await connection.send(broken(Buffer.concat([Buffer.from(head, "latin1"), post.body])));
  connection.socket.end();
  await within(ANSWER_MS, () => connection.closed);
  assert.doesNotMatch(connection.received().toString("latin1"), /^HTTP\/1.1 500/);
}

/** A good request of each kind is still answered. */
async function goesOn(arena: Arena, { port, key }: Subject): Promise<void> {
  const client = createClient(port, "2");
  await arena.attempt("a good request after all", async () => {
    const { code } = await client.post({
      path: "/rig.users.v1.UserService/ListUsers",
      headers: { "content-type": "application/json", "x-api-key": key },
      body: Buffer.from("{}"),
    });
    assert.equal(code, "ok");
  });
  client.close();
}
