import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { createClient } from "../../abuse/post.ts";
import { ChatRequestSchema } from "../../gen/rig/chat/v1/chat_pb.ts";
import { startTestApp } from "../app.ts";
import { envelope } from "../envelope.ts";
import { endless, exchange, outcomeOf, transportOf } from "./calls.ts";
import { type Cell, cells, methods, recordedOf, requestIdOf } from "./cells.ts";
import { answersBeforeDeed, validRequest } from "./requests.ts";
import { type Deed, type Subject, startSubject } from "./subject.ts";

const deadlineMs = 300;

describe("a call that outlives its deadline", { concurrency: true }, () => {
  const subjects = new Map<string, Subject>();
  const theEnd = Promise.withResolvers<void>();
  before(async () => {
    const deaf: Deed = () => theEnd.promise;
    const listening: Deed = ({ signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    for (const lane of ["stock", "auto"] as const) {
      subjects.set(`deaf ${lane}`, await startSubject(lane, deaf));
      subjects.set(`listening ${lane}`, await startSubject(lane, listening));
    }
  });
  after(async () => {
    theEnd.resolve();
    for (const { server } of subjects.values()) await server.drain();
  });

  /** Names the deadline in a header alone, so that it is the server's word that ends the call, not the client's timer. */
  async function outlive(cell: Cell, name: "deaf" | "listening", abandoned: boolean) {
    const subject = subjects.get(`${name} ${cell.lane}`);
    assert.ok(subject !== undefined);
    const requestId = requestIdOf(name, cell);
    const timeout =
      cell.protocol === "connect"
        ? { "connect-timeout-ms": `${deadlineMs}` }
        : { "grpc-timeout": `${deadlineMs}m` };
    const isOpen = cell.kind === "client_streaming" || cell.kind === "bidi_streaming";
    const first = validRequest[cell.kind];
    const responses = exchange(
      transportOf(cell, subject.server.url),
      methods[cell.kind],
      isOpen ? endless(first) : [first],
      { headers: { "x-request-id": requestId, "x-api-key": subject.key, ...timeout } },
    );
    const { error, messages } = await outcomeOf(responses);
    assert.equal(error?.code, Code.DeadlineExceeded, error?.message);
    assert.equal(messages.length, answersBeforeDeed[cell.kind]);
    if (!abandoned) await subject.left(requestId);
    const { startedAt, durationMs, bytesIn, bytesOut, ...record } = await subject.record(requestId);
    assert.equal(subject.count(requestId), 1);
    assert.deepEqual(record, {
      requestId,
      ...recordedOf(cell),
      code: "deadline_exceeded",
      error: `the deadline of ${deadlineMs} ms is exceeded`,
      messagesIn: 1,
      messagesOut: answersBeforeDeed[cell.kind],
      subject: "ann",
      keyId: subject.key.slice(0, 11),
      cancelledBy: "deadline",
      abandoned,
    });
    assert.ok(durationMs >= deadlineMs - 1, `${durationMs} ms`);
  }

  for (const cell of cells) {
    const title = `${cell.protocol} over HTTP/${cell.httpVersion}, ${cell.kind}, lane ${cell.lane}`;

    it(`${title}: ends with deadline_exceeded though its handler is deaf, which is left behind`, async () => {
      await outlive(cell, "deaf", true);
    });

    it(`${title}: ends a handler that listens, and nothing is left behind`, async () => {
      await outlive(cell, "listening", false);
    });
  }
});

for (const lane of ["stock", "auto"] as const) {
  it(`lane ${lane}: an answer that is written as its deadline passes reaches its client with its status`, async (t) => {
    const app = await startTestApp({ "server.lane": lane });
    t.after(() => app.close());
    // By hand: a library would end the call by a timer of its own.
    const client = createClient(Number(new URL(app.url).port), "2");
    t.after(() => client.close());
    const message = toBinary(ChatRequestSchema, create(ChatRequestSchema, { room: "a", text: "b" }));
    const post = {
      path: "/rig.chat.v1.ChatService/Chat",
      headers: { "content-type": "application/grpc", "x-api-key": app.key, "grpc-timeout": "1n" },
      body: envelope(Buffer.from(message)),
    };
    const codes = new Set<string>();
    for (let call = 0; call < 100; call++) codes.add((await client.post(post)).code);
    codes.delete("ok");
    assert.deepEqual([...codes], codes.size === 0 ? [] : ["deadline_exceeded"]);
  });
}
