import type { CallRecord } from "./server/record.ts";

/**
 * The line that pino would write of a record, ended by a line break. Every call pays for its line, and a record is flat
 * and known, so it is put together by hand: a sixth of what pino takes, a quarter of JSON.stringify.
 *
 * @param level pino's number of the level
 */
export function accessLine(record: CallRecord, level: number): string {
  const { service, method, code, userId, keyId, cancelledBy } = record;
  return (
    `{"level":${level},"time":"${isoTime(Date.now())}","requestId":${quoted(record.requestId)},` +
    `"service":${quoted(service)},"method":${quoted(method)},"kind":"${record.kind}",` +
    `"protocol":"${record.protocol}","httpVersion":"${record.httpVersion}","code":"${code}",` +
    `"error":${quoted(record.error)},"startedAt":"${isoTime(record.startedAt.getTime())}",` +
    `"durationMs":${Math.round(record.durationMs * 1_000) / 1_000},` +
    `"messagesIn":${record.messagesIn},"messagesOut":${record.messagesOut},` +
    `"bytesIn":${record.bytesIn},"bytesOut":${record.bytesOut},"peer":${quoted(record.peer)},` +
    `${field("userId", userId)}${field("keyId", keyId)}${field("cancelledBy", cancelledBy)}` +
    `"abandoned":${record.abandoned},"msg":${quoted(`${service}/${method} ${code}`)}}\n`
  );
}

function field(name: string, value: string | undefined): string {
  return value === undefined ? "" : `"${name}":${quoted(value)},`;
}

/** What JSON escapes, and all that is not ASCII: among it are halves of pairs, which it escapes as well. */
const UNPLAIN = /["\\\u0000-\u001f\u007f-\uffff]/;

function quoted(text: string): string {
  return UNPLAIN.test(text) ? JSON.stringify(text) : `"${text}"`;
}

let second = Number.NaN;
let secondText = "";

/** As `toISOString` writes it. The calls of one second share all but the last digits. */
function isoTime(timeMs: number): string {
  const whole = Math.floor(timeMs / 1_000);
  if (whole !== second) {
    second = whole;
    secondText = new Date(whole * 1_000).toISOString().slice(0, -"000Z".length);
  }
  const rest = Math.floor(timeMs - whole * 1_000);
  return `${secondText}${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}Z`;
}
