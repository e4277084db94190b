import { Code, ConnectError } from "@connectrpc/connect";

/**
 * The browser's `fetch`, which tells everything that kept a request from its server as a TypeError: that the server is
 * unavailable is what a caller, and whoever makes calls again, can act on.
 */
export const fetchOrUnavailable: typeof globalThis.fetch = async (input, init) => {
  try {
    return await globalThis.fetch(input, init);
  } catch (reason) {
    if (!(reason instanceof TypeError)) throw reason;
    throw new ConnectError(
      `the server cannot be reached: ${reason.message}`,
      Code.Unavailable,
      undefined,
      undefined,
      reason,
    );
  }
};
