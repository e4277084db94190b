import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { after, before, describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { envelope } from "../envelope.ts";
import { endless, exchange, outcomeOf, transportOf } from "./calls.ts";
import { type Cell, cells, methods, recordedOf, requestIdOf } from "./cells.ts";
import { answersBeforeDeed, validRequest } from "./requests.ts";
import { type Deed, type Subject, startSubject } from "./subject.ts";

const contentTypes = {
  connect: "application/connect+proto",
  grpc: "application/grpc",
  "grpc-web": "application/grpc-web+proto",
} as const;

/** Waits for the end of its call, as a query does that was given the signal. */
const untilAborted: Deed = ({ signal }) =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

describe("a client that leaves in the middle of its call", { concurrency: 4 }, () => {
  const subjects = new Map<string, Subject>();
  const reasons = new Map<string, unknown>();
  before(async () => {
    for (const lane of ["stock", "auto"] as const) {
      const listens: Deed = async (context) => {
        const requestId = context.requestHeader.get("x-request-id") ?? "";
        await untilAborted(context).catch((reason: unknown) => {
          reasons.set(requestId, reason);
          throw reason;
        });
      };
      subjects.set(`listens ${lane}`, await startSubject(lane, listens));
      subjects.set(`reads ${lane}`, await startSubject(lane, async () => {}));
    }
  });
  after(async () => {
    for (const { server } of subjects.values()) await server.drain();
  });

  /** Makes a call, leaves when the handler does its deed, and gives what the record says. */
  async function leave(cell: Cell, name: "listens" | "reads") {
    const subject = subjects.get(`${name} ${cell.lane}`);
    assert.ok(subject !== undefined);
    const requestId = requestIdOf(name, cell);
    await (name === "reads" && cell.httpVersion === "2" ? reset : abort)(cell, subject, requestId);
    await subject.left(requestId);
    const {
      startedAt,
      durationMs,
      bytesIn,
      bytesOut,
      error: message,
      ...record
    } = await subject.record(requestId);
    assert.equal(subject.count(requestId), 1);
    assert.notEqual(message, "");
    assert.deepEqual(record, {
      requestId,
      ...recordedOf(cell),
      code: "canceled",
      messagesIn: 1,
      messagesOut: answersBeforeDeed[cell.kind],
      subject: "ann",
      keyId: subject.key.slice(0, 11),
      cancelledBy: "client",
      abandoned: false,
    });
    return requestId;
  }

  /** Leaves as Connect's client does: by its signal. */
  async function abort(cell: Cell, subject: Subject, requestId: string) {
    const client = new AbortController();
    const isOpen = cell.kind === "client_streaming" || cell.kind === "bidi_streaming";
    const first = validRequest[cell.kind];
    const responses = exchange(
      transportOf(cell, subject.server.url),
      methods[cell.kind],
      isOpen ? endless(first) : [first],
      { headers: { "x-request-id": requestId, "x-api-key": subject.key }, signal: client.signal },
    );
    const received = Promise.withResolvers<void>();
    if (answersBeforeDeed[cell.kind] === 0) received.resolve();
    const outcome = outcomeOf(responses, () => received.resolve());
    await Promise.all([subject.begun(requestId), received.promise]);
    client.abort();
    assert.equal((await outcome).error?.code, Code.Canceled);
  }

  /**
   * Leaves with RST_STREAM alone. A client built on Node's HTTP/2 that is cancelled ends its upload first, in a frame of
   * its own, so that a handler which waits for the next request sees the end of the stream and may well succeed.
   */
  async function reset(cell: Cell, subject: Subject, requestId: string) {
    const session = connect(subject.server.url);
    const stream = session.request({
      ":method": "POST",
      ":path": `/${methods[cell.kind].parent.typeName}/${methods[cell.kind].name}`,
      "content-type": contentTypes[cell.protocol],
      "x-api-key": subject.key,
      "x-request-id": requestId,
    });
    stream.on("error", () => {});
    const message = toBinary(
      methods[cell.kind].input,
      create(methods[cell.kind].input, validRequest[cell.kind]),
    );
    stream.write(envelope(message));
    await Promise.all([subject.begun(requestId), cell.kind === "bidi_streaming" && once(stream, "data")]);
    stream.destroy();
    session.close();
  }

  for (const cell of cells) {
    const title = `${cell.protocol} over HTTP/${cell.httpVersion}, ${cell.kind}, lane ${cell.lane}`;

    it(`${title}: the signal says so, \`finally\` runs, the record says cancelled by client`, async () => {
      const reason = reasons.get(await leave(cell, "listens"));
      assert.ok(reason instanceof ConnectError);
      assert.equal(reason.code, Code.Canceled);
    });

    if (cell.kind === "client_streaming" || cell.kind === "bidi_streaming") {
      it(`${title}: a handler that waits for the next request leaves its loop`, async () => {
        await leave(cell, "reads");
      });
    }
  }
});
