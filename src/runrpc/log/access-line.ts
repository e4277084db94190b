import type { CallRecord } from "../server/call/record.ts";

/** Makes the line of a record. */
export type AccessLine = (record: CallRecord, level: "info" | "error") => string;

/**
 * Makes the lines that pino would write of records at the end of their calls, each ended by a line break. Every call pays
 * for its line, and a record is flat and known, so it is put together by hand, from as few pieces as may be: what lines
 * have in common is kept between them.
 *
 * @param worker the number of the process, which each line has; default: none has one
 */
export function createAccessLine(worker?: number): AccessLine {
  const sharedBy = createShared(worker === undefined ? "" : `"worker":${worker},`);
  const callerOf = createCaller();
  const isoTime = createIsoTime();
  return (record, level) => {
    const { startedAt, durationMs, requestId, bytesIn, bytesOut, traceId } = record;
    const { head, middle, tail } = sharedBy(record, level);
    const startedAtMs = startedAt.getTime();
    return (
      `${head}${isoTime(startedAtMs + durationMs)}${middle}${escaped(requestId)}","startedAt":"` +
      `${isoTime(startedAtMs)}","durationMs":${decimal(durationMs)},"bytesIn":${bytesIn},"bytesOut":${bytesOut}` +
      `${callerOf(record)}${member("traceId", traceId)}${tail}`
    );
  };
}

/** What the lines of calls have in common that came to one method in one way, and ended alike. */
interface Shared {
  readonly of: CallRecord;
  readonly level: string;
  readonly head: string;
  readonly middle: string;
  readonly tail: string;
}

/** @param first members that stand first in each line */
function createShared(first: string): (record: CallRecord, level: string) => Shared {
  // By method: the last one that was written. Clients cannot make it grow, as only methods that exist are kept.
  const byMethod = new Map<string, Shared>();
  return (record, level) => {
    const known = byMethod.get(record.method);
    if (known !== undefined && known.level === level && isAlike(known.of, record)) return known;
    const { service, method, kind, protocol, httpVersion, code, error, messagesIn, messagesOut } = record;
    const { cancelledBy, abandoned } = record;
    const shared: Shared = {
      of: record,
      level,
      head: `{"level":"${level}","time":"`,
      middle:
        `",${first}"service":"${escaped(service)}","method":"${escaped(method)}","kind":"${kind}",` +
        `"protocol":"${protocol}","httpVersion":"${httpVersion}","code":"${code}","error":"${escaped(error)}",` +
        `"messagesIn":${messagesIn},"messagesOut":${messagesOut},"requestId":"`,
      tail:
        `${member("cancelledBy", cancelledBy)},"abandoned":${abandoned},` +
        `"msg":"${escaped(`${service}/${method} ${code}`)}"}\n`,
    };
    if (kind !== "unknown") byMethod.set(method, shared);
    return shared;
  };
}

function isAlike(one: CallRecord, other: CallRecord): boolean {
  return (
    one.code === other.code &&
    one.error === other.error &&
    one.service === other.service &&
    one.method === other.method &&
    one.kind === other.kind &&
    one.protocol === other.protocol &&
    one.httpVersion === other.httpVersion &&
    one.messagesIn === other.messagesIn &&
    one.messagesOut === other.messagesOut &&
    one.cancelledBy === other.cancelledBy &&
    one.abandoned === other.abandoned
  );
}

/** Who called: the last one is kept, as clients make many calls. */
function createCaller(): (record: CallRecord) => string {
  let last: CallRecord | undefined;
  let text = "";
  return (record) => {
    const { peer, subject, keyId } = record;
    if (last === undefined || last.peer !== peer || last.subject !== subject || last.keyId !== keyId) {
      last = record;
      text = `${member("peer", peer)}${member("subject", subject)}${member("keyId", keyId)}`;
    }
    return text;
  };
}

function member(name: string, value: string | undefined): string {
  return value === undefined ? "" : `,"${name}":"${escaped(value)}"`;
}

/** What JSON writes as it is: printable ASCII, but for the quote and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** As it stands between the quotes of a JSON string. */
function escaped(text: string): string {
  return PLAIN.test(text) ? text : JSON.stringify(text).slice(1, -1);
}

const THREE_DIGITS: readonly string[] = Array.from({ length: 1_000 }, (_, number) =>
  String(number).padStart(3, "0"),
);

/** To a thousandth. V8 searches the shortest text of a fraction, which takes longer. */
function decimal(value: number): string {
  const thousandths = Math.round(value * 1_000);
  const whole = Math.floor(thousandths / 1_000);
  return `${whole}.${THREE_DIGITS[thousandths - whole * 1_000]}`;
}

/** As `toISOString` writes it. The calls of one second share all but the last digits. */
function createIsoTime(): (timeMs: number) => string {
  let second = Number.NaN;
  let secondText = "";
  return (timeMs) => {
    const wholeMs = Math.floor(timeMs);
    const whole = Math.floor(wholeMs / 1_000);
    if (whole !== second) {
      second = whole;
      secondText = new Date(whole * 1_000).toISOString().slice(0, -"000Z".length);
    }
    return `${secondText}${THREE_DIGITS[wholeMs - whole * 1_000]}Z`;
  };
}
