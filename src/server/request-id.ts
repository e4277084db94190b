import { randomFillSync } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

const ID_BYTES = 12;
const POOL_IDS = 1_024;

/**
 * Gives a call its id: the client's own `x-request-id` where it is printable and at most 128 characters long, else 24
 * hexadecimal digits, 96 random bits, of a pool that is filled for a thousand calls at a time.
 */
export function createRequestIds(): (headers: IncomingHttpHeaders) => string {
  const pool = Buffer.allocUnsafe(ID_BYTES * POOL_IDS);
  let used = pool.length;
  return (headers) => {
    const given = headers["x-request-id"];
    if (typeof given === "string" && /^[\x21-\x7e]{1,128}$/.test(given)) return given;
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += ID_BYTES;
    return pool.toString("hex", used - ID_BYTES, used);
  };
}
