import { callerMutations } from "./callers.ts";
import { codecMutations } from "./codec.ts";
import { http2Mutations } from "./http2.ts";
import { http2BoundsMutations } from "./http2-bounds.ts";
import { queueMutations } from "./queues.ts";
import { requestMutations } from "./requests.ts";

/** One change of one place in src that must not go unseen. */
export interface Mutation {
  readonly name: string;
  /** A file of src/runrpc. */
  readonly file: string;
  /** Text that stands in the file once. */
  readonly from: string;
  readonly to: string;
  /** The test files, in test/runrpc, of which one has to fail. */
  readonly tests: readonly string[];
}

/**
 * Changes that once went unseen: bounds at equality, cleaning up after the end, the second failure, memory. One whose
 * text is gone from the source is an error, so that the list follows the code.
 */
export const mutations: readonly Mutation[] = [
  {
    name: "an acknowledged write is not on disk",
    file: "data/sqlite/open-database.ts",
    from: "synchronous = FULL",
    to: "synchronous = NORMAL",
    tests: ["data/sqlite/writer.test.ts"],
  },
  {
    name: "a transaction that reads first loses to another process",
    file: "data/sqlite/run-writes.ts",
    from: '"BEGIN IMMEDIATE"',
    to: '"BEGIN"',
    tests: ["data/sqlite/writer.test.ts"],
  },
  {
    name: "a migration may leave broken foreign keys",
    file: "data/sqlite/apply-migrations.ts",
    from: "broken.length > 0",
    to: "broken.length < 0",
    tests: ["data/sqlite/migrate.test.ts"],
  },
  {
    name: "an ended call stays tied to its key",
    file: "server/auth/hold.ts",
    from: "if (calls.delete(call) && calls.size === 0) held.delete(keyId);",
    to: "if (calls.size === 0) held.delete(keyId);",
    tests: ["server/auth/hold.test.ts"],
  },
  {
    name: "a key without an open call is kept",
    file: "server/auth/hold.ts",
    from: "if (calls.delete(call) && calls.size === 0) held.delete(keyId);",
    to: "calls.delete(call);",
    tests: ["server/auth/hold.test.ts"],
  },
  {
    name: "a settled call stays among the deadlines",
    file: "server/call/call.ts",
    from: "if (this.heapPlace !== -1) this.#owner.deadlines.delete(this);",
    to: "",
    tests: ["server/call/call.test.ts"],
  },
  {
    name: "an address's count never goes down",
    file: "server/listener/connections.ts",
    from: "count(address, -1);",
    to: "",
    tests: ["server/listener/leftovers.test.ts"],
  },
  {
    name: "a request after `Connection: close` is served",
    file: "server/listener/http1.ts",
    from: "if (request.socket.writableEnded) return;",
    to: "",
    tests: ["server/listener/leftovers.test.ts"],
  },
  {
    name: "100 Continue comes after the final answer",
    file: "server/listener/http1-answers.ts",
    from: "if (!response.headersSent) response.writeContinue();",
    to: "response.writeContinue();",
    tests: ["server/listener/leftovers.test.ts"],
  },
  {
    name: "a message of exactly the limit is refused in an envelope",
    file: "server/lanes/fast/envelope.ts",
    from: "length > this.#maxBytes",
    to: "length >= this.#maxBytes",
    tests: ["server/lanes/message-limits.test.ts"],
  },
  {
    name: "a message of exactly the limit is refused in a body",
    file: "server/lanes/fast/whole-body.ts",
    from: "this.#length > this.#maxBytes",
    to: "this.#length >= this.#maxBytes",
    tests: ["server/lanes/message-limits.test.ts"],
  },
  {
    name: "an answer of exactly the limit is refused",
    file: "server/lanes/fast/codec.ts",
    from: "const length = bytes.length - head;\n      if (length > maxBytes)",
    to: "const length = bytes.length - head;\n      if (length >= maxBytes)",
    tests: ["server/lanes/message-limits.test.ts"],
  },
  {
    name: "an answer of exactly the limit is refused where messages are written behind each other",
    file: "server/lanes/fast/codec.ts",
    from: "    }\n    if (length > maxBytes)",
    to: "    }\n    if (length >= maxBytes)",
    tests: ["server/lanes/message-limits.test.ts"],
  },
  {
    name: "an answer of exactly the limit is refused in JSON",
    file: "server/lanes/fast/codec.ts",
    from: "if (byteLength > maxBytes)",
    to: "if (byteLength >= maxBytes)",
    tests: ["server/lanes/message-limits.test.ts"],
  },
  {
    name: "the generator of a message that cannot be sent is not told to return",
    file: "server/lanes/fast/streaming.ts",
    from: "this.#producer?.leave();\n      return undefined;",
    to: "this.call.handlerDone();\n      return undefined;",
    tests: ["server/lanes/fast/streaming.test.ts"],
  },
  {
    name: "a GET ends its connection, as if a body could follow",
    file: "server/lanes/fast/http1.ts",
    from: " && hasBody(this.#request)",
    to: "",
    tests: ["server/lanes/get-keeps-connection.test.ts"],
  },
  {
    name: "a message overtakes the one before it, which is being compressed",
    file: "server/lanes/fast/producer.ts",
    from: "else follow(taking, () => this.#taken(), nothing);",
    to: "else this.#taken();",
    tests: ["server/lanes/compressed-answers.test.ts"],
  },
  {
    name: "one message more than may be is at work",
    file: "server/lanes/answer-compression.ts",
    from: "atWork >= MAX_AT_WORK",
    to: "atWork > MAX_AT_WORK",
    tests: ["server/lanes/answer-compression.test.ts"],
  },
  {
    name: "the work of a message that was compressed is never over",
    file: "server/lanes/answer-compression.ts",
    from: "atWork--;",
    to: "",
    tests: ["server/lanes/answer-compression.test.ts"],
  },
  {
    name: "what comes before broken base64 is lost to the handler",
    file: "server/lanes/fast/input.ts",
    from: "if (this.#isClosed) return DONE;\n",
    to: "if (this.#isClosed) return DONE;\n    if (this.#fault !== undefined) throw this.#fault.reason;\n",
    tests: ["server/http/grpc-web-text.test.ts"],
  },
  {
    name: "what comes after the handler has left is kept",
    file: "server/lanes/fast/input.ts",
    from: "if (this.#isClosed) return;",
    to: "",
    tests: ["server/lanes/fast/streaming.test.ts"],
  },
  {
    name: "a page token of another list is taken",
    file: "paging/page-token.ts",
    from: "pageTokenFromPosition(list, position) === token",
    to: "list !== token",
    tests: ["paging/page-token.test.ts"],
  },
  {
    name: "the second batch of the request log that fails in a row is given up too soon",
    file: "platform/request-log/writer.ts",
    from: "      attempts = 0;\n      dropped += batch.length;",
    to: "      dropped += batch.length;",
    tests: ["platform/request-log/writer.test.ts"],
  },
  {
    name: "a read that was done and not answered when its worker died is lost",
    file: "data/sqlite/batch-slots.ts",
    from: "if (state !== ticketWaiting && !(alsoDone && state === ticketDone)) return;",
    to: "if (state !== ticketWaiting) return;",
    tests: ["data/sqlite/worker-death.test.ts"],
  },
  {
    name: "a process that floods the shared writer starves another one",
    file: "data/sqlite/shared-writer/fair-queue.ts",
    from: "      turns.delete(origin);\n      turns.set(origin, queue);\n",
    to: "",
    tests: ["data/sqlite/shared-writer/fair-queue.test.ts"],
  },
  {
    name: "a write that was sent to a process which died is said to be not stored",
    file: "data/sqlite/shared-writer/sent-calls.ts",
    from: '            "unknown",',
    to: '            "unavailable",',
    tests: ["data/sqlite/shared-writer/reconnect.test.ts"],
  },
  {
    name: "a process that has gone leaves its calls with the shared writer",
    file: "data/sqlite/shared-writer/worker-connection.ts",
    from: "      for (const call of calls.values()) call.cancel();\n",
    to: "",
    tests: ["data/sqlite/shared-writer/turns.test.ts"],
  },
  {
    name: "a ping that was answered in time ends its session",
    file: "server/listener/session.ts",
    from: "    late?.clear();\n    late = undefined;",
    to: "    late = undefined;",
    tests: ["server/listener/http2.test.ts"],
  },
  {
    name: "the address that failed last is forgotten before others",
    file: "server/auth/throttle.ts",
    from: "      offenders.delete(network);\n      offenders.set(network, offender);",
    to: "      offenders.set(network, offender);",
    tests: ["server/auth/throttle.test.ts"],
  },
  ...http2Mutations,
  ...http2BoundsMutations,
  ...codecMutations,
  ...requestMutations,
  ...callerMutations,
  ...queueMutations,
];
