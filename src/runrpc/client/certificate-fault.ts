import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

/**
 * What Node says of a certificate that it does not take, and of a peer that speaks no TLS:
 * https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
const CERTIFICATE_FAULT =
  /^(CERT_|CRL_|DEPTH_ZERO_|ERR_SSL_|ERR_TLS_CERT_|ERROR_IN_|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH_|SELF_SIGNED_|UNABLE_TO_)/;

/** Whether a call failed for the server's certificate, or for want of one: another attempt ends no better. */
export function isCertificateFault(reason: unknown): boolean {
  for (let error = reason, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++)
    if ("code" in error && typeof error.code === "string" && CERTIFICATE_FAULT.test(error.code)) return true;
  return false;
}

/**
 * Makes `unavailable` of a call that never reached its server for a certificate that nobody here vouches for, as gRPC has
 * it. Connect's transports call that `internal`, which is a fault of the server's code.
 */
export const unavailableForCertificate: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (reason) {
    if (!isCertificateFault(reason)) throw reason;
    const { rawMessage } = ConnectError.from(reason);
    throw new ConnectError(
      `the connection to the server is not trusted: ${rawMessage}`,
      Code.Unavailable,
      undefined,
      undefined,
      reason,
    );
  }
};
