import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { UserSchema } from "../../gen/rig/users/v1/users_pb.ts";
import { exchange, outcomeOf, transportOf } from "./calls.ts";
import { type Cell, cells, methods, recordedOf, requestIdOf } from "./cells.ts";
import { answersBeforeDeed, validRequest } from "./requests.ts";
import { type Deed, type Subject, startSubject } from "./subject.ts";

const secret = "the password of the database is tuna";

/** Throws what the header `x-throw` asks for. */
const deed: Deed = async ({ requestHeader }) => {
  if (requestHeader.get("x-throw") === "bug") throw new Error(secret);
  const detail = { desc: UserSchema, value: { id: "7" } };
  throw new ConnectError("not in this state", Code.FailedPrecondition, { "x-why": "tuna" }, [detail]);
};

describe("a handler that throws", { concurrency: 4 }, () => {
  const subjects = new Map<Cell["lane"], Subject>();
  before(async () => {
    for (const lane of ["stock", "auto"] as const) subjects.set(lane, await startSubject(lane, deed));
  });
  after(async () => {
    for (const { server } of subjects.values()) await server.drain();
  });

  async function call(cell: Cell, what: "bug" | "word") {
    const subject = subjects.get(cell.lane);
    assert.ok(subject !== undefined);
    const requestId = requestIdOf(what, cell);
    const headers = { "x-request-id": requestId, "x-api-key": subject.key, "x-throw": what };
    const responses = exchange(
      transportOf(cell, subject.server.url),
      methods[cell.kind],
      [validRequest[cell.kind]],
      { headers },
    );
    const { error, messages } = await outcomeOf(responses);
    assert.ok(error !== undefined);
    assert.equal(messages.length, answersBeforeDeed[cell.kind]);
    const { startedAt, durationMs, bytesIn, bytesOut, ...record } = await subject.record(requestId);
    const wanted = {
      requestId,
      ...recordedOf(cell),
      error: error.rawMessage,
      messagesIn: 1,
      messagesOut: messages.length,
      subject: "ann",
      keyId: subject.key.slice(0, 11),
      cancelledBy: undefined,
      abandoned: false,
    };
    return { subject, requestId, error, record, wanted };
  }

  for (const cell of cells) {
    const title = `${cell.protocol} over HTTP/${cell.httpVersion}, ${cell.kind}, lane ${cell.lane}`;

    it(`${title}: an unknown error is internal, and only its request id goes out`, async () => {
      const { subject, requestId, error, record, wanted } = await call(cell, "bug");
      assert.equal(error.code, Code.Internal);
      assert.equal(error.rawMessage, `internal error, request id ${requestId}`);
      assert.deepEqual(error.details, []);
      const sent = JSON.stringify([...error.metadata]);
      assert.ok(!/tuna|Error:|\.ts/.test(sent), sent);
      assert.deepEqual(record, { ...wanted, code: "internal" });
      const logged = subject.errors.find((fields) => "requestId" in fields && fields.requestId === requestId);
      assert.ok(logged !== undefined && "err" in logged && logged.err instanceof Error);
      assert.equal(logged.err.message, secret);
    });

    it(`${title}: its own ConnectError arrives with code, details and metadata`, async () => {
      const { error, record, wanted } = await call(cell, "word");
      assert.equal(error.code, Code.FailedPrecondition);
      assert.equal(error.rawMessage, "not in this state");
      assert.deepEqual(
        error.findDetails(UserSchema).map(({ id }) => id),
        ["7"],
      );
      assert.equal(error.metadata.get("x-why"), "tuna");
      assert.deepEqual(record, { ...wanted, code: "failed_precondition" });
    });
  }
});
