// curl against our own HTTP/2, in cleartext and over TLS: it sends and takes the bytes of all four kinds.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  ChatRequestSchema,
  CountRequestSchema,
  CountResponseSchema,
  EchoRequestSchema,
  SumRequestSchema,
  SumResponseSchema,
} from "../gen/rig/wire/v1/wire_pb.ts";
import { makeCertificates } from "../runrpc/server/listener/certificates.ts";
import { envelope, envelopesIn } from "./envelope.ts";
import { startWireServer, type WireServer } from "./foreign/service.ts";
import { curl } from "./run-curl.ts";

const MANY = 20_000;
const certificates = makeCertificates();
after(() => certificates?.remove());

for (const [title, tls, flags] of [
  ["cleartext", undefined, ["--http2-prior-knowledge"]],
  ["TLS", certificates, ["--http2", "--cacert", certificates?.caFile ?? ""]],
] as const)
  describe(`curl over our own HTTP/2, ${title}`, { skip: tls === undefined && title === "TLS" }, () => {
    let server: WireServer;
    before(async () => {
      server = await startWireServer({ http2: "own", ...(tls === undefined ? {} : { tls }) });
    });
    after(() => server.close());

    /** The bodies of an answer to a stream: its messages, and what its end says. */
    async function stream(method: string, body: Buffer, ...more: readonly string[]) {
      const answer = await post(method, "application/connect+proto", body, ...more);
      const envelopes = envelopesIn(answer.body);
      const end = envelopes.at(-1);
      assert.equal(end?.flags, 2);
      return { messages: envelopes.slice(0, -1).map(({ data }) => data), end: String(end?.data) };
    }

    async function post(method: string, type: string, body: Buffer, ...more: readonly string[]) {
      const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}/rig.wire.v1.WireService/${method}`;
      const headers = ["-H", `content-type: ${type}`, "-H", "expect:"];
      const answer = await curl([...flags, ...headers, ...more, "--data-binary", "@-", url], body);
      assert.deepEqual([answer.status, answer.httpVersion], [200, "2"]);
      return answer;
    }

    it("3 MiB come back as they were sent", async () => {
      const sent = bytes(EchoRequestSchema, { value: Buffer.alloc(3 * 2 ** 20, "0123456789abcdef") });
      const { body } = await post("Echo", "application/proto", sent);
      assert.ok(body.equals(sent));
    });

    it("20,000 messages come in order", async () => {
      const { messages, end } = await stream("Count", envelope(bytes(CountRequestSchema, { value: MANY })));
      assert.equal(messages.length, MANY);
      for (const [index, message] of messages.entries())
        assert.equal(fromBinary(CountResponseSchema, message).value, index + 1);
      assert.equal(end, "{}");
    });

    it("20,000 messages are sent", async () => {
      const all = Array.from({ length: MANY }, (_, index) =>
        envelope(bytes(SumRequestSchema, { value: index + 1 })),
      );
      const { messages } = await stream("Sum", Buffer.concat(all));
      assert.deepEqual(
        messages.map((message) => fromBinary(SumResponseSchema, message).value),
        [(MANY * (MANY + 1)) / 2],
      );
    });

    it("20,000 messages are sent while their answers come", async () => {
      const all = Array.from({ length: MANY }, (_, index) =>
        bytes(ChatRequestSchema, { value: Buffer.from(`message ${index}`) }),
      );
      const { messages } = await stream("Chat", Buffer.concat(all.map((message) => envelope(message))));
      assert.ok(Buffer.concat(messages).equals(Buffer.concat(all)));
      assert.equal(messages.length, MANY);
    });

    it("a stream that curl leaves is cancelled", async () => {
      const left = stream("Hang", envelope(Buffer.alloc(0)), "--max-time", "0.2");
      await assert.rejects(left, /timed out/);
      assert.deepEqual(await server.takeEnds(1), ["canceled by client"]);
    });

    it("a deadline ends a stream", async () => {
      const deadline = ["-H", "connect-timeout-ms: 300"];
      const { messages, end } = await stream("Hang", envelope(Buffer.alloc(0)), ...deadline);
      assert.equal(messages.length, 1);
      assert.equal(JSON.parse(end).error.code, "deadline_exceeded");
      assert.deepEqual(await server.takeEnds(1), ["deadline_exceeded by deadline"]);
    });
  });

function bytes<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Buffer {
  return Buffer.from(toBinary(schema, create(schema, init)));
}
