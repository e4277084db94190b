import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFileRegistry, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  MethodOptions_IdempotencyLevel as Level,
  MethodOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { type ClientOptions, connect } from "runrpc/client";
import { exhausted } from "../../../src/runrpc/server/limits/exhausted.ts";
import { ConformanceService } from "../../conformance/gen/connectrpc/conformance/v1/service_pb.ts";
import { startConformance } from "./conformance-server.ts";

const protocols = ["grpc", "grpc-web", "connect"] as const;
const unavailable = (): ConnectError => new ConnectError("not this time", Code.Unavailable);
/** The shortest waits: 50, 100, 200 ms. */
const retry = { random: () => 0 };

/** A handler that fails so many times, and answers then. */
function failing(times: number, make: () => unknown = unavailable) {
  let calls = 0;
  return () => {
    if (calls++ < times) throw make();
    return {};
  };
}

for (const protocol of protocols) {
  describe(`calls that are made again, ${protocol}`, () => {
    it("are those of a method that says so, after UNAVAILABLE", async () => {
      await using server = await startConformance({ idempotentUnary: failing(3) });
      using client = connect(server.url, ConformanceService, { protocol, retry });
      await client.idempotentUnary({});
      assert.equal(server.seen.length, 4);
    });

    it("have what is left of the deadline at each attempt", async () => {
      await using server = await startConformance({ idempotentUnary: failing(2) });
      using client = connect(server.url, ConformanceService, { protocol, retry, deadlineMs: 10_000 });
      await client.idempotentUnary({});
      const [first = 0, second = 0, third = 0] = server.seen.map(({ timeout }) =>
        Number.parseInt(timeout ?? "", 10),
      );
      assert.equal(first, 10_000);
      assert.ok(second <= first - 50 && second > first - 5_000, `${second} after ${first}`);
      assert.ok(third <= second - 100 && third > second - 5_000, `${third} after ${second}`);
      for (const { timeoutMs = 0, timeout } of server.seen)
        assert.ok(timeoutMs <= Number.parseInt(timeout ?? "", 10));
    });

    it("are none of a method that does not say so, and no stream", async () => {
      await using server = await startConformance({
        unary: failing(1),
        // biome-ignore lint/correctness/useYield: it fails before
        async *serverStream() {
          throw unavailable();
        },
      });
      using client = connect(server.url, ConformanceService, { protocol, retry });
      assert.equal(await codeOf(client.unary({})), Code.Unavailable);
      assert.equal(await codeOf(Array.fromAsync(client.serverStream({}))), Code.Unavailable);
      assert.equal(server.seen.length, 2);
    });

    it("come after the delay that a server names, as one with a limit of calls does", async () => {
      await using server = await startConformance(
        { idempotentUnary: () => ({}) },
        { limits: { callsPerSecond: 4, callsBurst: 1 } },
      );
      using client = connect(server.url, ConformanceService, { protocol, retry });
      const startedAt = performance.now();
      for (let call = 0; call < 3; call++) await client.idempotentUnary({});
      const tookMs = performance.now() - startedAt;
      assert.equal(server.seen.length, 3);
      assert.ok(tookMs >= 490, `three calls at four a second took ${tookMs} ms`);
    });

    it("send the key of the moment", async () => {
      await using server = await startConformance({ idempotentUnary: failing(2) });
      let asked = 0;
      using client = connect(server.url, ConformanceService, {
        protocol,
        retry,
        key: async () => `key-${++asked}`,
      });
      await client.idempotentUnary({});
      assert.deepEqual(
        server.seen.map(({ key }) => key),
        ["key-1", "key-2", "key-3"],
      );
    });

    it("are those that reach nobody, until there is somebody", async () => {
      let server = await startConformance({ idempotentUnary: () => ({}) });
      const { port, url } = server;
      await server.drain();
      let attempts = 0;
      using client = connect(url, ConformanceService, {
        protocol,
        retry,
        async key() {
          if (++attempts === 3)
            server = await startConformance(
              { idempotentUnary: () => ({}) },
              { server: { host: "127.0.0.1", port } },
            );
          return "k";
        },
      });
      await client.idempotentUnary({});
      assert.deepEqual([attempts, server.seen.length], [3, 1]);
      await server.drain();
    });
  });
}

describe("the bounds of making a call again", () => {
  for (const [maxAttempts, calls] of [
    [1, 1],
    [2, 2],
    [undefined, 4],
  ] as const)
    it(`${maxAttempts ?? "no"} attempts asked for: ${calls} are made`, async () => {
      await using server = await startConformance({ idempotentUnary: failing(10) });
      const options = maxAttempts === undefined ? retry : { ...retry, maxAttempts };
      using client = connect(server.url, ConformanceService, { retry: options });
      assert.equal(await codeOf(client.idempotentUnary({})), Code.Unavailable);
      assert.equal(server.seen.length, calls);
    });

  it("is never made with `retry: false`", async () => {
    await using server = await startConformance({ idempotentUnary: failing(1) });
    using client = connect(server.url, ConformanceService, { retry: false });
    assert.equal(await codeOf(client.idempotentUnary({})), Code.Unavailable);
    assert.equal(server.seen.length, 1);
  });

  for (const code of [
    Code.Internal,
    Code.Aborted,
    Code.DeadlineExceeded,
    Code.ResourceExhausted,
    Code.NotFound,
  ])
    it(`is not made after ${Code[code]} without a delay`, async () => {
      await using server = await startConformance({
        idempotentUnary: failing(1, () => new ConnectError("no", code)),
      });
      using client = connect(server.url, ConformanceService, { retry });
      assert.equal(await codeOf(client.idempotentUnary({})), code);
      assert.equal(server.seen.length, 1);
    });

  it("half of its budget gone, a client makes no call again until enough have succeeded", async () => {
    let fails = true;
    await using server = await startConformance({
      idempotentUnary: () => {
        if (fails) throw unavailable();
        return {};
      },
    });
    using client = connect(server.url, ConformanceService, { retry: { ...retry, maxAttempts: 10 } });
    const attemptsOf = async (): Promise<number> => {
      const before = server.seen.length;
      await codeOf(client.idempotentUnary({}));
      return server.seen.length - before;
    };
    // Ten tokens, of which each failed attempt takes one; at five there is no other attempt.
    assert.equal(await attemptsOf(), 5);
    assert.equal(await attemptsOf(), 1);
    fails = false;
    for (let call = 0; call < 20; call++) await client.idempotentUnary({});
    fails = true;
    // Four and twenty tenths: the failure brings them to five.
    assert.equal(await attemptsOf(), 1);
    fails = false;
    for (let call = 0; call < 11; call++) await client.idempotentUnary({});
    fails = true;
    // Five and eleven tenths: the first failure leaves a tenth more than five.
    assert.equal(await attemptsOf(), 2);
  });

  for (const [namedMs, timeoutMs, calls] of [
    [300, 200, 1],
    [300, 300, 1],
    [300, 5_000, 2],
  ] as const)
    it(`a delay of ${namedMs} ms within a deadline of ${timeoutMs} ms: ${calls}`, async () => {
      await using server = await startConformance({
        idempotentUnary: failing(1, () => exhausted("later", namedMs)),
      });
      using client = connect(server.url, ConformanceService, { retry });
      const startedAt = performance.now();
      const code = await codeOf(client.idempotentUnary({}, { timeoutMs }));
      const tookMs = performance.now() - startedAt;
      assert.equal(server.seen.length, calls);
      assert.equal(code, calls === 1 ? Code.ResourceExhausted : undefined);
      // The server's word is told at once, not when the deadline is there.
      assert.ok(calls === 1 ? tookMs < namedMs : tookMs >= namedMs, `${tookMs} ms`);
    });

  for (const [title, value] of [
    ["that are no Duration", Uint8Array.of(0x0a, 2, 0xff, 0xff)],
    ["that end too early", Uint8Array.of(0x0a, 9, 8)],
    ["that are none", Uint8Array.of()],
    // 2^62 seconds.
    ["that outlast every timer", Uint8Array.of(0x0a, 10, 8, 128, 128, 128, 128, 128, 128, 128, 128, 64)],
  ] as const)
    it(`a hostile server names a delay in bytes ${title}: the call has the server's error, once`, async () => {
      await using server = await startConformance({
        idempotentUnary: failing(1, () => {
          const error = new ConnectError("later", Code.ResourceExhausted);
          error.details.push({ type: "google.rpc.RetryInfo", value });
          return error;
        }),
      });
      using client = connect(server.url, ConformanceService, { retry, deadlineMs: 0 });
      assert.equal(await codeOf(client.idempotentUnary({})), Code.ResourceExhausted);
      assert.equal(server.seen.length, 1);
    });

  it("a delay before now is none", async () => {
    await using server = await startConformance({
      idempotentUnary: failing(1, () => {
        const error = new ConnectError("later", Code.ResourceExhausted);
        // Minus one second.
        const value = Uint8Array.of(0x0a, 11, 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
        error.details.push({ type: "google.rpc.RetryInfo", value });
        return error;
      }),
    });
    using client = connect(server.url, ConformanceService, { retry });
    await client.idempotentUnary({});
    assert.equal(server.seen.length, 2);
  });

  it("a call that is cancelled while it waits ends at once", async () => {
    const failed = Promise.withResolvers<void>();
    await using server = await startConformance({
      idempotentUnary: failing(1, () => exhausted("later", 60_000)),
    });
    const controller = new AbortController();
    // The random part of the wait is asked for when the wait begins.
    const random = (): number => {
      failed.resolve();
      return 0;
    };
    using client = connect(server.url, ConformanceService, { retry: { random }, deadlineMs: 0 });
    const call = codeOf(client.idempotentUnary({}, { signal: controller.signal }));
    await failed.promise;
    controller.abort();
    assert.equal(await call, Code.Canceled);
    assert.equal(server.seen.length, 1);
  });

  it("a number of attempts out of range is refused", () => {
    for (const maxAttempts of [0, 11, 1.5])
      assert.throws(() => connect("http://localhost:1", ConformanceService, { retry: { maxAttempts } }), {
        message: `maxAttempts ${maxAttempts} is not a whole number from 1 to 10`,
      });
    for (const maxAttempts of [1, 10])
      connect("http://localhost:1", ConformanceService, { retry: { maxAttempts } });
  });
});

it("a method that says IDEMPOTENT is called again, as one without side effects is", async () => {
  await using server = await startConformance({ unary: failing(1) });
  using client = connect(server.url, withLevel(Level.IDEMPOTENT), { retry });
  await client.unary({});
  assert.equal(server.seen.length, 2);
});

it("an application's own interceptors run once around all attempts, with its key on none of what they see", async () => {
  await using server = await startConformance({ idempotentUnary: failing(2) });
  const seen: (string | null)[] = [];
  const own: Interceptor = (next) => (request) => {
    seen.push(request.header.get("x-api-key"));
    return next(request);
  };
  using client = connect(server.url, ConformanceService, { retry, key: "secret", interceptors: [own] });
  await client.idempotentUnary({});
  assert.deepEqual(seen, [null]);
  assert.deepEqual(
    server.seen.map(({ key }) => key),
    ["secret", "secret", "secret"],
  );
});

it("a key that cannot be had fails its call, once", async () => {
  await using server = await startConformance({ idempotentUnary: () => ({}) });
  let asked = 0;
  const key: ClientOptions["key"] = () => {
    asked++;
    throw new Error("the vault is shut");
  };
  using client = connect(server.url, ConformanceService, { retry, key });
  await assert.rejects(client.idempotentUnary({}), /the vault is shut/);
  assert.deepEqual([asked, server.seen.length], [1, 0]);
});

/** The same service, of which the method Unary says what it may be taken for. */
function withLevel(idempotencyLevel: Level): typeof ConformanceService {
  const { file } = ConformanceService;
  const proto = fromBinary(FileDescriptorProtoSchema, toBinary(FileDescriptorProtoSchema, file.proto));
  const unary = proto.service[0]?.method.find(({ name }) => name === "Unary");
  const options: MessageInitShape<typeof MethodOptionsSchema> = { idempotencyLevel };
  Object.assign(unary ?? {}, { options: { $typeName: MethodOptionsSchema.typeName, ...options } });
  const registry = createFileRegistry(proto, (name) =>
    file.dependencies.find((known) => known.proto.name === name),
  );
  return registry.getService(ConformanceService.typeName) as typeof ConformanceService; // but for the level, it is
}

async function codeOf(call: Promise<unknown>): Promise<Code | undefined> {
  return call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason).code,
  );
}
