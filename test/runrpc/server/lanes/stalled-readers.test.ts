import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { test } from "node:test";
import { setInterval as ticks } from "node:timers/promises";
import { open, type Running, serve } from "./fast/serve.ts";

// A client that does not read what it asked for: its call is cut, before its handler is done or after, and holds no more
// memory than that.

const UNARY = "/rig.users.v1.UserService/ListUsers";
const STREAM = "/rig.users.v1.UserService/StreamUsers";
const EMPTY = Buffer.alloc(5);
const LONG = 8_000_000;
const answer = { users: [{ displayName: "x".repeat(LONG) }] };

/** Asks over HTTP/2 by gRPC, or over HTTP/1.1 by Connect, and reads nothing. Gives the promise of the end of it. */
const clients = {
  "HTTP/2": async ({ session }: Running, path: string, timeoutMs: number) => {
    const headers = timeoutMs > 0 ? { "grpc-timeout": `${timeoutMs}m` } : {};
    const stream = open(session, path, headers);
    stream.end(EMPTY);
    await once(stream, "response");
    return { closed: once(stream, "close"), resume: () => void stream.resume() };
  },
  "HTTP/1.1": async ({ server }: Running, path: string, timeoutMs: number) => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {}); // cut
    const isUnary = path === UNARY;
    const body = isUnary
      ? Buffer.from("{}")
      : Buffer.concat([Buffer.from([0, 0, 0, 0, 2]), Buffer.from("{}")]);
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/${isUnary ? "json" : "connect+json"}\r\n` +
        `${timeoutMs > 0 ? `connect-timeout-ms: ${timeoutMs}\r\n` : ""}content-length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    await once(socket, "readable");
    return { closed: once(socket, "close"), resume: () => void socket.resume() };
  },
} as const;

for (const lane of ["stock", "auto"]) {
  for (const [version, ask] of Object.entries(clients)) {
    const start = (t: Parameters<typeof serve>[0], handlers: Parameters<typeof serve>[1], timeouts = {}) =>
      serve(t, handlers, { server: { host: "127.0.0.1", port: 0, lane }, timeouts });

    for (const [what, timeoutMs, timeouts] of [
      ["its deadline", 400, {}],
      ["the write timeout", 0, { writeTimeoutMs: 400 }],
    ] as const) {
      const byDeadline = timeoutMs > 0;
      const told = byDeadline
        ? ["deadline_exceeded", "deadline", "the deadline of 400 ms is exceeded"]
        : ["canceled", "client", "the client has read nothing for 400 ms (timeouts.write_timeout_ms)"];

      test(`lane ${lane}, ${version}: ${what} cuts an answer that nobody reads, and aborts no signal`, async (t) => {
        let signal: AbortSignal | undefined;
        const running = await start(
          t,
          {
            users: {
              listUsers(_request, context) {
                signal = context.signal;
                return answer;
              },
            },
          },
          timeouts,
        );
        const { closed, resume } = await ask(running, UNARY, timeoutMs);
        const record = await running.nextRecord();
        assert.deepEqual([record.code, record.cancelledBy, record.error], told);
        assert.ok(record.durationMs >= 390, `${record.durationMs} ms`);
        assert.ok(record.bytesOut < LONG, `${record.bytesOut} bytes were written`);
        assert.equal(signal?.aborted, false);
        resume();
        await closed;
        assert.equal(running.server.stats().calls.open, 0);
      });

      test(`lane ${lane}, ${version}: ${what} cuts a stream that nobody reads: its signal aborts, its finally runs`, async (t) => {
        const aborted = Promise.withResolvers<void>();
        const left = Promise.withResolvers<void>();
        const running = await start(
          t,
          {
            users: {
              async *streamUsers(_request, { signal }) {
                signal.addEventListener("abort", () => aborted.resolve());
                try {
                  for (;;) yield { user: { displayName: "x".repeat(1_000_000) } };
                } finally {
                  left.resolve();
                }
              },
            },
          },
          timeouts,
        );
        const { closed, resume } = await ask(running, STREAM, timeoutMs);
        const record = await running.nextRecord();
        assert.deepEqual([record.code, record.cancelledBy, record.error], told);
        await Promise.all([aborted.promise, left.promise]);
        assert.equal(record.abandoned, false);
        resume();
        await closed;
      });
    }

    test(`lane ${lane}, ${version}: a stalled reader that leaves aborts the signal, and finally runs`, async (t) => {
      const aborted = Promise.withResolvers<void>();
      const left = Promise.withResolvers<void>();
      const running = await start(t, {
        users: {
          async *streamUsers(_request, { signal }) {
            signal.addEventListener("abort", () => aborted.resolve());
            try {
              for (;;) yield { user: { displayName: "x".repeat(100_000) } };
            } finally {
              left.resolve();
            }
          },
        },
      });
      const socket = connect(running.server.port, "127.0.0.1");
      socket.on("error", () => {});
      if (version === "HTTP/2") {
        const stream = open(running.session, STREAM);
        stream.end(EMPTY);
        await once(stream, "response");
        running.session.destroy();
      } else {
        const body = Buffer.concat([Buffer.from([0, 0, 0, 0, 2]), Buffer.from("{}")]);
        socket.write(
          `POST ${STREAM} HTTP/1.1\r\nhost: x\r\ncontent-type: application/connect+json\r\n` +
            `content-length: ${body.length}\r\n\r\n`,
        );
        socket.write(body);
        await once(socket, "readable");
        socket.resetAndDestroy();
      }
      await Promise.all([aborted.promise, left.promise]);
      const { code, cancelledBy, abandoned } = await running.nextRecord();
      assert.deepEqual([code, cancelledBy, abandoned], ["canceled", "client", false]);
      socket.destroy();
    });

    test(`lane ${lane}, ${version}: a slow reader gets all of its answer, and a quiet stream is not cut`, async (t) => {
      const quiet = Promise.withResolvers<void>();
      const running = await start(
        t,
        {
          users: {
            listUsers: () => answer,
            async *streamUsers() {
              yield {};
              await quiet.promise;
              yield {};
            },
          },
        },
        { writeTimeoutMs: 400 },
      );
      const asked = await ask(running, STREAM, 0);
      asked.resume();
      // Reads for as long as five timeouts, with pauses that are shorter.
      if (version === "HTTP/2") {
        const stream = open(running.session, UNARY);
        stream.end(EMPTY);
        let received = 0;
        for await (const chunk of stream) {
          const before = Math.floor(received / 1_000_000);
          received += (chunk as Buffer).length;
          if (Math.floor(received / 1_000_000) > before)
            await new Promise((resolve) => setTimeout(resolve, 240));
        }
        assert.ok(received > LONG);
        assert.equal((await running.nextRecord()).code, "ok");
      }
      quiet.resolve();
      assert.equal((await running.nextRecord()).code, "ok");
    });
  }
}

for (const [lane, http2] of [
  ["stock", "node"],
  ["auto", "node"],
  ["auto", "own"],
] as const)
  test(`lane ${lane}, HTTP/2 of ${http2}: a stream that goes on in small messages is cut as well, long before it is full`, async (t) => {
    const running = await serve(
      t,
      {
        users: {
          async *streamUsers(_request, { signal }) {
            for await (const _ of ticks(20, undefined, { signal })) yield {};
          },
        },
      },
      { server: { host: "127.0.0.1", port: 0, lane, http2 }, timeouts: { writeTimeoutMs: 400 } },
    );
    const session = connectHttp2(running.server.url, { settings: { initialWindowSize: 0 } });
    t.after(() => session.destroy());
    const stream = open(session, STREAM);
    stream.on("error", () => {}); // cut
    stream.end(EMPTY);
    await once(stream, "close");
    const { code, cancelledBy, error } = await running.nextRecord();
    assert.deepEqual(
      [code, cancelledBy, error],
      ["canceled", "client", "the client has read nothing for 400 ms (timeouts.write_timeout_ms)"],
    );
  });
