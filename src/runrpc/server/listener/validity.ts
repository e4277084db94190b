import { X509Certificate } from "node:crypto";

/** A certificate that is told of when it ends within this time, in milliseconds: 14 days. */
const SOON_MS = 14 * 24 * 3_600_000;

/** What is to be said of a certificate that cannot be used today, or not much longer. */
export interface ValidityNotice {
  readonly level: "warn" | "error";
  readonly text: string;
}

/** Looks at the dates of each certificate in a PEM file. `what` is such as `the TLS certificate cert.pem`. */
export function validityNotices(what: string, pem: string, nowMs: number): readonly ValidityNotice[] {
  return certificatesIn(pem).flatMap((certificate, index) => {
    const name = index === 0 ? what : `${what}, number ${index + 1} in it,`;
    const notice = noticeOf(name, certificate, nowMs);
    return notice === undefined ? [] : [notice];
  });
}

function noticeOf(name: string, { validFromDate, validToDate }: X509Certificate, nowMs: number) {
  const notice = (level: ValidityNotice["level"], text: string): ValidityNotice => ({
    level,
    text: `${name} ${text}`,
  });
  const leftMs = validToDate.getTime() - nowMs;
  if (leftMs <= 0) return notice("error", `expired at ${validToDate.toISOString()}`);
  if (validFromDate.getTime() > nowMs)
    return notice("error", `is not valid before ${validFromDate.toISOString()}`);
  return leftMs < SOON_MS ? notice("warn", `expires soon, at ${validToDate.toISOString()}`) : undefined;
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const parts = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return parts.flatMap((part) => {
    try {
      return [new X509Certificate(part)];
    } catch {
      return []; // whether it can be used at all is judged elsewhere
    }
  });
}
