import type { CallRecord } from "./server/record.ts";

/** Makes the line of a record. `level` is pino's number. */
export type AccessLine = (record: CallRecord, level: number) => string;

/**
 * Makes the lines that pino would write of records at the end of their calls, each ended by a line break. Every call pays
 * for its line, and a record is flat and known, so it is put together by hand, with what lines share kept between them.
 */
export function createAccessLine(): AccessLine {
  const sharedOf = createShared();
  const isoTime = createIsoTime();
  return (record, level) => {
    const { userId, keyId, cancelledBy } = record;
    const { head, tail } = sharedOf(record);
    const startedAtMs = record.startedAt.getTime();
    const time = isoTime(startedAtMs + record.durationMs);
    return (
      `{"level":${level},"time":"${time}","requestId":${quoted(record.requestId)},${head}` +
      `"startedAt":"${isoTime(startedAtMs)}",` +
      `"durationMs":${Math.round(record.durationMs * 1_000) / 1_000},` +
      `"messagesIn":${record.messagesIn},"messagesOut":${record.messagesOut},` +
      `"bytesIn":${record.bytesIn},"bytesOut":${record.bytesOut},"peer":${quoted(record.peer)},` +
      `${field("userId", userId)}${field("keyId", keyId)}${field("cancelledBy", cancelledBy)}` +
      `"abandoned":${record.abandoned},${tail}`
    );
  };
}

/** What the lines of calls have in common that came to one method in one way, and ended alike. */
interface Shared {
  readonly of: CallRecord;
  readonly head: string;
  readonly tail: string;
}

function createShared(): (record: CallRecord) => Shared {
  // By method: the last one that was written. Clients cannot make it grow, as only methods that exist are kept.
  const byMethod = new Map<string, Shared>();
  return (record) => {
    const known = byMethod.get(record.method);
    if (known !== undefined && isAlike(known.of, record)) return known;
    const { service, method, kind, protocol, httpVersion, code, error } = record;
    const shared: Shared = {
      of: record,
      head:
        `"service":${quoted(service)},"method":${quoted(method)},"kind":"${kind}",` +
        `"protocol":"${protocol}","httpVersion":"${httpVersion}","code":"${code}","error":${quoted(error)},`,
      tail: `"msg":${quoted(`${service}/${method} ${code}`)}}\n`,
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
    one.httpVersion === other.httpVersion
  );
}

function field(name: string, value: string | undefined): string {
  return value === undefined ? "" : `"${name}":${quoted(value)},`;
}

/** What JSON writes as it is: printable ASCII, but for the quote and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** As `toISOString` writes it. The calls of one second share all but the last digits. */
function createIsoTime(): (timeMs: number) => string {
  let second = Number.NaN;
  let secondText = "";
  return (timeMs) => {
    const whole = Math.floor(timeMs / 1_000);
    if (whole !== second) {
      second = whole;
      secondText = new Date(whole * 1_000).toISOString().slice(0, -"000Z".length);
    }
    const rest = Math.floor(timeMs - whole * 1_000);
    return `${secondText}${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}Z`;
  };
}
