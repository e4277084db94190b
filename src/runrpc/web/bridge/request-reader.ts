import type { Message, Registry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Call } from "../../server/call/call.ts";
import { createExactCheck } from "../../server/json/exact-json.ts";
import { createHidesSensitive } from "../../server/json/hide-sensitive.ts";
import { readJson } from "../../server/lanes/fast/json.ts";
import type { Route } from "../../server/routes/routes.ts";

/**
 * Reads a request of a call.
 *
 * @throws ConnectError `invalid_argument` for text that is no such message, `resource_exhausted` for too long a one.
 */
export type ReadRequest = (json: string) => Message;

/** Reads requests as both lanes read JSON: no value is taken for another one in silence. */
export function createRequestReader({ method, policy }: Route, registry: Registry, call: Call): ReadRequest {
  const check = createExactCheck(method.input, registry);
  const hides = createHidesSensitive(method.input, registry);
  const options = { ignoreUnknownFields: true, registry };
  return (json) => {
    const bytes = Buffer.byteLength(json);
    if (bytes > policy.maxRequestBytes)
      throw new ConnectError(
        `message of ${bytes} bytes is above the maximum of ${policy.maxRequestBytes}`,
        Code.ResourceExhausted,
      );
    try {
      const message = readJson(method.input, json, options, { check, hides });
      call.bytesIn += bytes;
      return message;
    } catch (reason) {
      throw ConnectError.from(reason, Code.InvalidArgument);
    }
  };
}
