// A call of the request log, as the monitor's JSON has it: what is zero or empty is left out, 64-bit numbers are text.

export interface EndedCall {
  readonly id: string;
  readonly requestId: string;
  readonly startTime?: string;
  readonly durationMs?: number;
  /** Such as `users.v1.UserService/GetUser`. */
  readonly method: string;
  readonly kind: string;
  readonly protocol: string;
  readonly httpVersion: string;
  /** `ok`, or a Connect code. */
  readonly code: string;
  readonly error?: string;
  readonly messagesIn?: string;
  readonly messagesOut?: string;
  readonly bytesIn?: string;
  readonly bytesOut?: string;
  readonly peer: string;
  readonly subject?: string;
  readonly keyId?: string;
  readonly cancelledBy?: string;
  readonly abandoned?: boolean;
  /** 32 hexadecimal digits. */
  readonly traceId?: string;
  /** What of its row cannot be read: it is missing above. */
  readonly fault?: string;
}

/** A call with what is kept of its request. */
export interface KeptCall {
  readonly call: EndedCall;
  readonly requestJson?: string;
  readonly requestNote?: string;
}

/** Whom it came from, by the best name that there is. */
export function callerOf({ subject = "", keyId = "", peer }: EndedCall): string {
  return subject || keyId || peer;
}

/** To the millisecond, by the clock of the reader. */
export function startText({ startTime }: EndedCall): string {
  if (startTime === undefined) return "";
  const date = new Date(startTime);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
