import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { codeName } from "../../../../src/runrpc/server/errors.ts";
import { LogEntrySchema, type Severity } from "../../../gen/rig/logs/v1/logs_pb.ts";
import { GetUserRequestSchema } from "../../../gen/rig/users/v1/users_pb.ts";
import { serve } from "./fast/serve.ts";
import { protocols, tell } from "./told.ts";

const request = toBinary(
  GetUserRequestSchema,
  create(GetUserRequestSchema, { id: "00000000-0000-4000-8000-000000000001" }),
);

/** A detail whose bytes are about as many as its text is long. */
const detail = (length: number) => ({ desc: LogEntrySchema, value: { message: "d".repeat(length) } });

/** What a handler does, and what is told of it: the code, the beginning of the message, and the number of details. */
const deeds: Readonly<
  Record<string, { do(context: HandlerContext): void; told: readonly [string, string, number] }>
> = {
  "a message of 1 MB": {
    do: () => {
      throw new ConnectError("é".repeat(500_000), Code.NotFound);
    },
    told: ["not_found", "ééé", 0],
  },
  "a detail of 1 MB beside a small one": {
    do: () => {
      throw new ConnectError("no", Code.Aborted, undefined, [detail(1_000_000), detail(10)]);
    },
    told: ["aborted", "no", 1],
  },
  "200 details of 100 bytes": {
    do: () => {
      throw new ConnectError(
        "no",
        Code.Aborted,
        undefined,
        Array.from({ length: 200 }, () => detail(100)),
      );
    },
    told: ["aborted", "no", 33],
  },
  "a detail that cannot be written": {
    do: () => {
      throw new ConnectError("no", Code.Aborted, undefined, [
        { desc: LogEntrySchema, value: { severity: 1.5 as Severity } },
        detail(10),
      ]);
    },
    told: ["internal", "internal error, request id ", 0],
  },
  "details whose `debug` JSON cannot have, or is long": {
    do: () => {
      const circle: { itself?: object } = {};
      circle.itself = circle;
      const error = new ConnectError("no", Code.Aborted);
      error.details = [circle, 1n, "d".repeat(100_000), { seen: true }].map((debug) => ({
        type: "a.B",
        value: new Uint8Array(3),
        debug: debug as never, // wrong on purpose
      }));
      throw error;
    },
    told: ["aborted", "no", 4],
  },
  "100 KB of metadata": {
    do: () => {
      throw new ConnectError("no", Code.Aborted, { "x-much": "m".repeat(100_000), "x-little": "kept" });
    },
    told: ["aborted", "no", 0],
  },
  "half a surrogate pair": {
    do: () => {
      throw new ConnectError("a\ud800b", Code.Aborted);
    },
    told: ["aborted", "a\ufffdb", 0],
  },
  "an error after 1,000 trailers and 100 KB of headers": {
    do: ({ responseHeader, responseTrailer }) => {
      for (let at = 0; at < 1_000; at++) responseTrailer.set(`x-trailer-${at}`, "t");
      responseHeader.set("x-much", "h".repeat(100_000));
      throw new ConnectError("é".repeat(1_000), Code.Aborted, undefined, [detail(1_000)]);
    },
    told: ["aborted", "ééé", 1],
  },
  "an error with 60 entries after 60 headers and 60 trailers": {
    do: ({ responseHeader, responseTrailer }) => {
      const metadata = new Headers();
      for (let at = 0; at < 60; at++) {
        responseHeader.set(`x-header-${at}`, "h");
        responseTrailer.set(`x-trailer-${at}`, "t");
        metadata.set(`x-metadata-${at}`, "m");
      }
      throw new ConnectError("no", Code.Aborted, metadata);
    },
    told: ["aborted", "no", 0],
  },
  "success after 1,000 trailers": {
    do: ({ responseTrailer }) => {
      for (let at = 0; at < 1_000; at++) responseTrailer.set(`x-trailer-${at}`, "t");
    },
    told: ["internal", "internal error, request id ", 0],
  },
  "success after 100 KB of headers": {
    do: ({ responseHeader }) => responseHeader.set("x-much", "h".repeat(100_000)),
    told: ["internal", "internal error, request id ", 0],
  },
};

async function subject(t: TestContext, lane: "auto" | "stock", act: (context: HandlerContext) => void) {
  return await serve(
    t,
    {
      users: {
        getUser: (_request, context) => {
          act(context);
          return {};
        },
        async *streamUsers(_request, context) {
          act(context);
          yield {};
        },
      },
    },
    { server: { lane } },
  );
}

for (const lane of ["auto", "stock"] as const) {
  describe(`on the lane ${lane}`, () => {
    for (const [name, deed] of Object.entries(deeds)) {
      it(`${name}: a bounded answer by every protocol, the same in the record`, async (t) => {
        const { session, nextRecord } = await subject(t, lane, deed.do);
        for (const protocol of protocols) {
          for (const method of ["GetUser", "StreamUsers"]) {
            const message = method === "GetUser" ? request : new Uint8Array();
            const path = `/rig.users.v1.UserService/${method}`;
            const { error, ...told } = await tell(session, protocol, path, method === "GetUser", [message]);
            const where = `${protocol} ${method}`;
            const [code, beginning, details] = deed.told;
            assert.ok(error !== undefined, where);
            assert.equal(codeName(error.code), code, where);
            assert.ok(error.rawMessage.startsWith(beginning), `${where}: ${error.rawMessage.slice(0, 50)}`);
            assert.ok(Buffer.byteLength(error.rawMessage) <= 1_024, where);
            assert.equal(error.details.length, details, where);
            assert.equal(told.rstCode, 0, where);
            assert.ok(told.headerBytes < 9_000, `${where}: ${told.headerBytes} bytes of headers`);
            assert.ok(told.trailerBytes <= 8_192, `${where}: ${told.trailerBytes} bytes of trailers`);
            assert.ok(told.bodyBytes < 33_000, `${where}: a body of ${told.bodyBytes} bytes`);
            const record = await nextRecord();
            assert.deepEqual([record.code, record.error], [code, error.rawMessage], where);
          }
        }
        assert.equal(session.destroyed, false);
      });
    }

    for (const [entries, code] of [
      [50, "ok"],
      [51, "internal"],
    ] as const)
      it(`${entries} headers and as many trailers of a unary answer by Connect, in one block, are ${code}`, async (t) => {
        const { session, nextRecord } = await subject(t, lane, ({ responseHeader, responseTrailer }) => {
          for (let at = [...responseHeader].length; at < entries; at++) responseHeader.set(`x-${at}`, "h");
          for (let at = 0; at < entries; at++) responseTrailer.set(`x-${at}`, "t");
        });
        const { error, rstCode } = await tell(session, "connect", "/rig.users.v1.UserService/GetUser", true, [
          request,
        ]);
        const told = error === undefined ? "ok" : codeName(error.code);
        assert.deepEqual([told, rstCode, (await nextRecord()).code], [code, 0, code]);
      });

    it("grpc-message is encoded no more than the specification says", async (t) => {
      const text = 'recipient: "a", 100% of b/c? ~é\n\u{1f600}\u007f';
      const { session } = await subject(t, lane, () => {
        throw new ConnectError(text, Code.Aborted);
      });
      const encoded = 'recipient: "a", 100%25 of b/c? ~%C3%A9%0A%F0%9F%98%80%7F';
      for (const method of ["GetUser", "StreamUsers"]) {
        const path = `/rig.users.v1.UserService/${method}`;
        const message = method === "GetUser" ? request : new Uint8Array();
        const native = await tell(session, "grpc", path, true, [message]);
        assert.equal(native.seen.trailers["grpc-message"], encoded);
        for (const headers of [{}, { "grpc-accept-encoding": "gzip" }, { "grpc-accept-encoding": "br" }]) {
          const web = await tell(session, "grpc-web", path, true, [message], headers);
          assert.match(web.seen.body.toString(), new RegExp(`grpc-message: ${RegExp.escape(encoded)}\r\n`));
        }
      }
    });
  });
}
