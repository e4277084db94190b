import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServiceImpl } from "@connectrpc/connect";
import { createRoutes } from "../../../../src/runrpc/server/routes/routes.ts";
import { defineService, type ServiceDefinition } from "../../../../src/runrpc/server/routes/service.ts";
import { ChatService } from "../../../gen/rig/chat/v1/chat_pb.ts";

const defaults = { unaryDeadlineMs: 0, maxDeadlineMs: 0, maxRequestBytes: 1 };
const chat = defineService(ChatService, { async *chat() {} });

function routes(definitions: readonly ServiceDefinition[]) {
  return createRoutes({ definitions, defaults, interceptorsFor: () => [] });
}

describe("createRoutes", () => {
  it("finds a method by its path", () => {
    const { find, all } = routes([chat]);
    assert.equal(find("/rig.chat.v1.ChatService/Chat")?.method, ChatService.method.chat);
    assert.equal(find("/rig.chat.v1.ChatService/chat"), undefined);
    assert.equal(all.length, 1);
  });

  it("refuses to serve nothing", () => assert.throws(() => routes([]), /no service is registered/));

  it("refuses a service twice", () => {
    assert.throws(() => routes([chat, chat]), /rig\.chat\.v1\.ChatService is registered twice/);
  });

  const extra = (names: readonly string[], base: object = {}) =>
    defineService(
      ChatService,
      Object.assign(base, { async *chat() {}, ...Object.fromEntries(names.map((name) => [name, () => {}])) }),
    );

  it("refuses a function that the proto has no method for, and names the nearest", () => {
    const message = "rig.chat.v1.ChatService has no method for `chatt`: did you mean chat?";
    assert.throws(() => routes([extra(["chatt"])]), { message });
    assert.throws(() => routes([extra(["chatt"], Object.create(null))]), { message });
    assert.throws(() => routes([extra(["helper"])]), {
      message: "rig.chat.v1.ChatService has no method for `helper`: it has chat",
    });
  });

  it("takes helpers: with an underscore, not functions, of a class", () => {
    class WithHelpers {
      async *chat() {}
      chatt() {}
      helper = () => {};
    }
    for (const definition of [
      extra(["_helper"]),
      defineService(ChatService, Object.assign({ async *chat() {} }, { limit: 3 })),
      defineService(ChatService, new WithHelpers()),
    ]) {
      assert.equal(routes([definition]).all.length, 1);
    }
  });

  it("names a method that is not implemented", () => {
    // @ts-expect-error a forgotten RPC does not compile
    const forgotten: ServiceImpl<typeof ChatService> = {};
    assert.throws(
      () => routes([defineService(ChatService, forgotten)]),
      /rig\.chat\.v1\.ChatService\.Chat is not implemented/,
    );
  });
});
