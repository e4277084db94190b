import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { connect } from "runrpc/client";
import { collect, createRequestStream, take } from "runrpc/testing";
import { ChatService } from "../../gen/chat/v1/chat_pb.ts";
import { EventService } from "../../gen/events/v1/events_pb.ts";
import { LogService, Severity } from "../../gen/logs/v1/logs_pb.ts";
import { ReportService } from "../../gen/reports/v1/reports_pb.ts";
import { UserService } from "../../gen/users/v1/users_pb.ts";

/** A caller of the example services. */
export interface Visitor extends Disposable {
  /** What the caller does: each calls one service or two, and waits for the answers. */
  readonly visits: readonly (() => Promise<void>)[];
}

/** Lines that a caller uploads at a time. */
const LINES = 20;
/** Reports are over so much of the past, in milliseconds: they stay as long as they are. */
const REPORTED_MS = 5_000;
/** The end of a call for which nobody waits. */
const gone = (): void => {};

export function createVisitor(url: string, key: string, caller: number): Visitor {
  const users = connect(url, UserService, { key });
  const events = connect(url, EventService, { key });
  const logs = connect(url, LogService, { key });
  const chat = connect(url, ChatService, { key });
  const reports = connect(url, ReportService, { key });
  let count = 0;
  const lately = () => ({ since: timestampFromDate(new Date(Date.now() - REPORTED_MS)) });

  return {
    visits: [
      async function lookUp() {
        const email = `${caller}.${++count}.${Date.now()}@example.com`;
        const { user } = await users.createUser({ email, displayName: "Ada" });
        const id = user?.id ?? "";
        await users.getUser({ id });
        await users.updateUser({ id, displayName: "Grace" });
        await users.deleteUser({ id });
      },
      async function list() {
        await users.listUsers({ pageSize: 20 });
        await collect(users.streamUsers({ limit: 50 }));
      },
      async function follow() {
        const leaving = new AbortController();
        const stream = events.streamEvents({ afterId: 0n }, { signal: leaving.signal });
        await events.publishEvent({ type: "visit", payload: { caller } });
        await take(stream[Symbol.asyncIterator](), 1);
        leaving.abort();
      },
      async function log() {
        const lines = Array.from({ length: LINES }, (_, line) => ({
          severity: Severity.INFO,
          message: `line ${line} of ${caller} took ${line * 7} ms`,
          attributes: { ms: String(line * 7) },
        }));
        await logs.uploadLogs(toStream([{ entries: lines }, { entries: lines }]));
        await logs.listLogs({ pageSize: 20 });
      },
      async function talk() {
        const said = createRequestStream<{ room: string; text: string }>();
        const heard = chat.chat(said)[Symbol.asyncIterator]();
        for (const text of ["hello", "bye"]) {
          said.send({ room: `room ${caller % 4}`, text });
          await take(heard, 1);
        }
        said.end();
        while ((await heard.next()).done !== true);
      },
      async function report() {
        await reports.summarizeLogs({ ...lately(), attribute: "ms", ranks: [50, 99] });
        await collect(reports.exportLogs(lately()));
      },
      async function giveUp() {
        const signal = AbortSignal.timeout(5);
        await collect(reports.exportLogs({}, { signal })).catch(gone);
        await users.listUsers({}, { signal: AbortSignal.timeout(2) }).catch(gone);
      },
    ],
    [Symbol.dispose]() {
      for (const client of [users, events, logs, chat, reports]) client[Symbol.dispose]();
    },
  };
}

async function* toStream<T>(messages: readonly T[]): AsyncGenerator<T> {
  yield* messages;
}
