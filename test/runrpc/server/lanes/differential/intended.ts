import type { CallRecord } from "../../../../../src/runrpc/server/call/record.ts";
import type { Scenario } from "./generate.ts";
import type { Observation } from "./observation.ts";
import { readBody } from "./read-body.ts";

/** What came of one scenario on one server. */
export interface Outcome {
  readonly seen: Omit<Observation, "body"> & { readonly body: string };
  /** Undefined: no call was recorded. */
  readonly record: Partial<CallRecord> | undefined;
}

/** A difference between the lanes that is meant to be, and the function that takes it out of the comparison. */
export interface Intended {
  readonly reason: string;
  readonly without: (outcome: Outcome, scenario: Scenario) => Outcome;
}

export const INTENDED: readonly Intended[] = [
  {
    reason: `The fast lane names a compression where a message is compressed, and on streams; connect-node names it wherever
      it might be. It compresses errors and the ends of streams as well, and its own length is another one then.`,
    without({ seen, record }, scenario) {
      const { messages, isCompressed, ...plain } = readBody(seen);
      const { bytesOut: _bytesOut, ...rest } = record ?? {};
      const named = isCompressed ? [] : ["grpc-encoding", "connect-content-encoding", "content-encoding"];
      const asked = scenario.headers.some(([name]) => name.endsWith("-encoding"));
      const isText = /-text/.test(String(scenario.headers));
      return {
        seen: { ...withoutHeaders({ seen, record }, named).seen, ...plain, body: JSON.stringify(messages) },
        record: record === undefined || !(asked || isText || scenario.httpMethod === "GET") ? record : rest,
      };
    },
  },
  {
    reason:
      "The fast lane tells every gRPC client what it may compress requests with; connect-node tells it of an error.",
    without: (outcome) => withoutHeaders(outcome, ["grpc-accept-encoding"]),
  },
  {
    reason: `The fast lane knows the length of an answer that it writes at once, and says it; and whether the upload is
      complete when a refusal is written, which decides on the HTTP/1.1 connection, is a race in either lane.`,
    without: (outcome) =>
      withoutHeaders(outcome, ["content-length", "transfer-encoding", "connection", "keep-alive"]),
  },
  {
    reason: "How much of a call has happened when its client leaves is a race, in either lane.",
    without(outcome, { finish }) {
      if (!finish.startsWith("leave")) return outcome;
      const { cancelledBy, code, method } = outcome.record ?? {};
      return {
        seen: { status: 0, headers: [], body: "", trailers: [], end: outcome.seen.end },
        record: { cancelledBy, code, method } as Partial<CallRecord>, // as in the record, undefined and all
      };
    },
  },
  {
    reason: "How much of a refused upload is read is a race, in either lane.",
    without: ({ seen, record }) => {
      if (record === undefined || record.code === "ok") return { seen, record };
      const { bytesIn: _bytesIn, ...rest } = record;
      return { seen, record: rest };
    },
  },
  {
    reason: `A unary Connect body above the limit is refused with the size where the fast lane has read it, and without
      where the stock lane stopped reading.`,
    without: (outcome) =>
      worded(
        outcome,
        /message size( \d+)? is larger than configured read/,
        "message is larger than configured read",
      ),
  },
  {
    reason: `Of several faults in one stream the fast lane tells the first, and answers the messages before it; the
      stock lane splits all that has come into messages first, and tells what it finds by that.`,
    without(outcome, { breakage, path }) {
      const isSplit = breakage !== undefined && SPLIT.includes(breakage);
      // A bidi handler has answered, in its way, what came before.
      const isRefused = path.endsWith("/BidiStream") || REFUSALS.includes(outcome.record?.code ?? "");
      if (!isSplit || !isRefused || path.endsWith("/Missing")) return outcome;
      const {
        messagesIn: _in,
        messagesOut: _out,
        bytesOut: _bytes,
        error: _error,
        cancelledBy: _by,
        ...rest
      } = outcome.record ?? {};
      const { status, end } = outcome.seen;
      return {
        seen: { status, end, headers: [], body: "", trailers: [] },
        record: { ...rest, code: "refused" },
      };
    },
  },
  {
    reason:
      "A response that is above the limit takes the handler's headers and trailers along in the stock lane alone.",
    without(outcome) {
      if (outcome.record?.error?.includes("writeMaxBytes") !== true) return outcome;
      const { seen, record } = withoutHeaders(outcome, ["x-answer", "trailer-x-ending"]);
      return {
        seen: { ...seen, trailers: seen.trailers.filter((line) => !line.startsWith("x-ending")) },
        record,
      };
    },
  },
  {
    reason: `connect-node 2.2.0 takes a stream that ends right behind the five bytes before a message for one that has
      ended before them; the fast lane refuses it.`,
    without(outcome, { path, body, breakage, finish }) {
      const sent = finish === "cut" ? body.subarray(0, body.length >> 1) : body;
      if ((breakage === undefined && finish !== "cut") || !endsBehindPrefix(sent)) return outcome;
      const { status } = outcome.seen;
      return {
        seen: { status, headers: [], body: "", trailers: [], end: "ended" },
        record: { method: path },
      };
    },
  },
  {
    reason: `An error of gRPC without a message leaves the fast lane as one block of headers ("Trailers-Only"), and
      connect-node in two.`,
    without(outcome) {
      const { seen, record } = outcome;
      const isError = seen.body === "[]" && [...seen.headers, ...seen.trailers].some(isFailure);
      if (!isError) return outcome;
      return { seen: { ...seen, headers: [...seen.headers, ...seen.trailers].sort(), trailers: [] }, record };
    },
  },
];

function isFailure(line: string): boolean {
  return line.startsWith("grpc-status: ") && line !== "grpc-status: 0";
}

/** What breaks the splitting of a body into messages. */
const SPLIT = [
  "garbled",
  "truncated",
  "trailed",
  "doubled",
  "flagged",
  "shortened",
  "lengthened",
  "enormous",
  "oversized",
];
const REFUSALS = ["invalid_argument", "resource_exhausted", "unimplemented", "internal"];

function endsBehindPrefix(body: Buffer): boolean {
  let at = 0;
  while (at + 5 < body.length) at += 5 + body.readUInt32BE(at + 1);
  return at + 5 === body.length && body.readUInt32BE(at + 1) > 0;
}

function withoutHeaders({ seen, record }: Outcome, names: readonly string[]): Outcome {
  const headers = seen.headers.filter((line) => !names.some((name) => line.startsWith(`${name}: `)));
  return { seen: { ...seen, headers }, record };
}

function worded({ seen, record }: Outcome, pattern: RegExp, text: string): Outcome {
  if (record?.error === undefined || !pattern.test(record.error)) return { seen, record };
  const { bytesOut: _bytesOut, ...rest } = record;
  return {
    seen: { ...seen, body: seen.body.replace(pattern, text) },
    record: { ...rest, error: record.error.replace(pattern, text) },
  };
}
