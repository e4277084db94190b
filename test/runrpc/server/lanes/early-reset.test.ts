import assert from "node:assert/strict";
import { connect, constants } from "node:http2";
import { it } from "node:test";
import type { CallRecord } from "../../../../src/runrpc/server/call/record.ts";
import { startServer } from "../../../../src/runrpc/server/server.ts";
import { ChatService } from "../../../gen/rig/chat/v1/chat_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { memoryStore } from "../auth/memory-store.ts";

for (const [lane, http2] of [
  ["auto", "own"],
  ["auto", "node"],
  ["stock", "node"],
] as const)
  it(`a stream that is reset with an error before its handler begins is its client's doing: lane ${lane}, ${http2}`, async () => {
    const keys = memoryStore();
    const key = keys.add();
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<never>();
    keys.answer = () => {
      asked.resolve();
      return answer.promise;
    };
    const recorded = Promise.withResolvers<CallRecord>();
    const server = await startServer({
      services: [partOfService(ChatService, { chat: () => assert.fail("the handler was called") })],
      keys,
      server: { host: "127.0.0.1", port: 0, lane, http2 },
      onRecord: recorded.resolve,
    });
    const session = connect(`http://127.0.0.1:${server.port}`);
    try {
      const stream = session.request({
        ":method": "POST",
        ":path": "/rig.chat.v1.ChatService/Chat",
        "content-type": "application/grpc",
        "x-api-key": key,
      });
      stream.on("error", () => {}); // it is the client's own
      await asked.promise;
      stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
      const { code, cancelledBy } = await recorded.promise;
      assert.deepEqual([code, cancelledBy], ["canceled", "client"]);
    } finally {
      session.destroy();
      answer.reject(new Error("nobody waits for it"));
      await server.drain();
    }
  });
