import { randomFillSync } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

const ID_BYTES = 12;
const ID_LENGTH = 2 * ID_BYTES;
const POOL_IDS = 1_024;

/**
 * Gives a call its id: the client's own `x-request-id` where it is printable and at most 128 characters long, else 24
 * hexadecimal digits, 96 random bits, cut from a text that is made for a thousand calls at a time.
 */
export function createRequestIds(): (headers: IncomingHttpHeaders) => string {
  const bytes = Buffer.allocUnsafe(ID_BYTES * POOL_IDS);
  let ids = "";
  let used = 0;
  return (headers) => {
    const given = headers["x-request-id"];
    if (typeof given === "string" && /^[\x21-\x7e]{1,128}$/.test(given)) return given;
    if (used === ids.length) {
      ids = randomFillSync(bytes).toString("hex");
      used = 0;
    }
    used += ID_LENGTH;
    return ids.slice(used - ID_LENGTH, used);
  };
}
