import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { connect, within } from "runrpc/client";
import { ConformanceService } from "../../conformance/gen/connectrpc/conformance/v1/service_pb.ts";
import { startConformance } from "./conformance-server.ts";

const protocols = ["grpc", "grpc-web", "connect"] as const;
const forever = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

for (const protocol of protocols) {
  describe(`the deadline of a client's call, ${protocol}`, () => {
    it("is a minute by default for a unary call, the client's own, or the call's own", async () => {
      await using server = await startConformance({ unary: () => ({}) });
      for (const [options, timeoutMs, expected] of [
        [{}, undefined, 60_000],
        [{ deadlineMs: 5_000 }, undefined, 5_000],
        [{ deadlineMs: 5_000 }, 300, 300],
        [{ deadlineMs: 0 }, undefined, undefined],
        [{ deadlineMs: 5_000 }, 0, undefined],
        [{ deadlineMs: 2_147_483_647 }, undefined, 2_147_483_647],
      ] as const) {
        using client = connect(server.url, ConformanceService, { protocol, ...options });
        await client.unary({}, timeoutMs === undefined ? {} : { timeoutMs });
        const seen = server.seen.at(-1);
        assert.equal(seen?.protocol, protocol);
        // Sixty seconds are the most that a server of ours gives to a call.
        assert.equal(
          seen?.timeout,
          expected === undefined ? null : protocol === "connect" ? `${expected}` : grpcTimeout(expected),
        );
      }
    });

    it("is none of a stream by default, the client's own, or the call's own", async () => {
      await using server = await startConformance({
        async *serverStream() {},
        clientStream: async () => ({}),
      });
      for (const [options, timeoutMs, expected] of [
        [{}, undefined, undefined],
        [{}, 300, 300],
        [{ deadlineMs: 5_000 }, undefined, 5_000],
        [{ deadlineMs: 5_000 }, 0, undefined],
      ] as const) {
        using client = connect(server.url, ConformanceService, { protocol, ...options });
        const callOptions = timeoutMs === undefined ? {} : { timeoutMs };
        await Array.fromAsync(client.serverStream({}, callOptions));
        await client.clientStream((async function* () {})(), callOptions);
        const header =
          expected === undefined ? null : protocol === "connect" ? `${expected}` : grpcTimeout(expected);
        assert.deepEqual(
          server.seen.slice(-2).map(({ timeout }) => timeout),
          [header, header],
        );
      }
    });

    it("ends a call that its handler does not", async () => {
      await using server = await startConformance({ unary: (_, { signal }) => forever(signal) });
      using client = connect(server.url, ConformanceService, { protocol, deadlineMs: 50 });
      assert.equal(await codeOf(client.unary({})), Code.DeadlineExceeded);
    });

    it("is passed on by a handler that calls another server within its own call", async () => {
      await using back = await startConformance({ unary: () => ({}) });
      using inner = connect(back.url, ConformanceService, { protocol });
      await using front = await startConformance({
        unary: async (_, context) => inner.unary({}, within(context)),
      });
      using client = connect(front.url, ConformanceService, { protocol });
      await client.unary({}, { timeoutMs: 30_000 });
      const [seen] = back.seen;
      assert.ok(seen?.timeoutMs !== undefined && seen.timeoutMs > 0 && seen.timeoutMs <= 30_000);
      assert.match(seen.timeout ?? "", /^\d+m?$/);
    });

    it("is passed on with the cancel of the handler's own caller", async () => {
      const entered = Promise.withResolvers<void>();
      const cancelled = Promise.withResolvers<unknown>();
      await using back = await startConformance({
        async unary(_, { signal }) {
          signal.addEventListener("abort", () => cancelled.resolve(signal.reason));
          entered.resolve();
          return forever(signal);
        },
      });
      using inner = connect(back.url, ConformanceService, { protocol });
      await using front = await startConformance({
        unary: async (_, context) => inner.unary({}, within(context)),
      });
      using client = connect(front.url, ConformanceService, { protocol });
      const controller = new AbortController();
      const call = codeOf(client.unary({}, { signal: controller.signal }));
      await entered.promise;
      controller.abort();
      assert.equal(await call, Code.Canceled);
      assert.equal(ConnectError.from(await cancelled.promise).code, Code.Canceled);
    });
  });
}

it("a handler whose call has no deadline leaves its calls that of the client", () => {
  const { signal } = new AbortController();
  assert.deepEqual(within({ signal, timeoutMs: () => undefined }), { signal });
});

it("a handler whose time is over hands on the least there is, which is not none", () => {
  const { signal } = new AbortController();
  for (const [left, timeoutMs] of [
    [-5, 1],
    [0, 1],
    [0.4, 1],
    [1, 1],
    [1.9, 1],
    [250.7, 250],
  ] as const)
    assert.deepEqual(within({ signal, timeoutMs: () => left }), { signal, timeoutMs });
});

it("a deadline out of range and an address that is none are refused, with their value", () => {
  const make = (url: string, deadlineMs: number) => () => connect(url, ConformanceService, { deadlineMs });
  for (const deadlineMs of [-1, 0.5, 2_147_483_648, Number.NaN])
    assert.throws(make("http://localhost:1", deadlineMs), {
      message: `deadlineMs ${deadlineMs} is not a whole number from 0 to 2147483647`,
    });
  for (const url of ["localhost:50051", "", "ftp://localhost", "http://["])
    assert.throws(make(url, 0), {
      message: `${url} is not the URL of a server, such as http://localhost:50051`,
    });
});

/** gRPC has eight digits at most: longer ones are in seconds. */
function grpcTimeout(timeoutMs: number): string {
  return timeoutMs < 100_000_000 ? `${timeoutMs}m` : `${Math.floor(timeoutMs / 1000)}S`;
}

async function codeOf(call: Promise<unknown>): Promise<Code | undefined> {
  return call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason).code,
  );
}
