import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect as connectInBrowser } from "../../../src/runrpc/client.browser.ts";
import { connect } from "../../../src/runrpc/client.ts";
import { ConformanceService } from "../../conformance/gen/connectrpc/conformance/v1/service_pb.ts";

const rows = [
  [connect, { deadline: 5 }, "deadline is not an option of connect; did you mean deadlineMs?"],
  [connect, { protocol: "http" }, "protocol http is none of grpc, grpc-web and connect"],
  [connect, { retry: { maxAttempts: 0 } }, "maxAttempts 0 is not a whole number from 1 to 10"],
  [connect, { retry: { maxAttemps: 2 } }, "maxAttemps is not an option of retry; did you mean maxAttempts?"],
  [
    connectInBrowser,
    { tls: {} },
    "tls is not an option of connect; there are key, deadlineMs, retry, protocol, interceptors",
  ],
  [connectInBrowser, { protocol: "http" }, "protocol http is neither connect nor grpc-web"],
  [connectInBrowser, { protocol: "grpc" }, "a browser cannot speak grpc: use connect or grpc-web"],
] as const;

describe("an option of a client that there is not, or that is out of range, is refused at once", () => {
  for (const [make, options, message] of rows)
    it(`${make === connect ? "on Node" : "in a browser"}: ${message}`, () => {
      const given = options as object; // as it comes where nobody has run the compiler
      assert.throws(() => make("http://localhost:1", ConformanceService, given), { message });
    });
});
