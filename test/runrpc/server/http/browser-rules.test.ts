import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { ChatService } from "../../../gen/rig/chat/v1/chat_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { type Answer, askHttp1, askHttp2 } from "./ask.ts";

const APP = "https://app.test";
const CALL = "/rig.chat.v1.ChatService/Chat";

/** What a browser decides of a preflight (https://fetch.spec.whatwg.org/#cors-preflight-fetch-0). */
function passes(
  { status, headers }: Answer,
  origin: string,
  withCredentials: boolean,
  wanted: string[],
): boolean {
  const allowed = String(headers["access-control-allow-headers"] ?? "").split(", ");
  return (
    status >= 200 &&
    status < 300 &&
    mayRead(headers, origin, withCredentials) &&
    wanted.every((name) => allowed.includes(name))
  );
}

/** What a browser decides of an answer (https://fetch.spec.whatwg.org/#concept-cors-check). */
function mayRead(headers: Answer["headers"], origin: string, withCredentials: boolean): boolean {
  const told = headers["access-control-allow-origin"];
  if (!withCredentials && told === "*") return true;
  return told === origin && (!withCredentials || headers["access-control-allow-credentials"] === "true");
}

for (const lane of ["auto", "stock"]) {
  describe(`a page of another origin, lane ${lane}`, () => {
    let server: Server;
    before(async () => {
      server = await startServer({
        services: [partOfService(ChatService, {})],
        keys: "open",
        server: { host: "127.0.0.1", port: 0, lane },
        limits: { maxHeaderBytes: 1_024 },
        cors: {
          origins: [APP],
          allowedHeaders: ["X-Tenant"],
          exposedHeaders: ["X-Page"],
          allowCredentials: true,
        },
      });
    });
    after(() => server.drain());

    for (const [version, ask] of [
      ["HTTP/1.1", askHttp1],
      ["HTTP/2", askHttp2],
    ] as const) {
      const preflight = (origin: string): Promise<Answer> =>
        ask(server.port, {
          method: "OPTIONS",
          path: CALL,
          headers: {
            origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,x-tenant",
          },
        });

      it(`may call with its headers and credentials when it is named, over ${version}`, async () => {
        const wanted = ["content-type", "x-tenant", "x-grpc-web", "x-api-key"];
        assert.ok(passes(await preflight(APP), APP, true, wanted));
        assert.ok(!passes(await preflight("https://evil.test"), "https://evil.test", false, []));
      });

      it(`may read every answer of its calls, refusals too, over ${version}`, async () => {
        for (const headers of [
          { "content-type": "application/grpc-web+proto" },
          { "content-type": "application/grpc-web-text" },
          { "content-type": "application/connect+json" },
          { "content-type": "text/plain" },
          { "content-type": "application/grpc-web", "x-long": "y".repeat(1_500) },
        ]) {
          for (const path of [CALL, `${CALL}x`]) {
            const answer = await ask(server.port, { path, headers: { origin: APP, ...headers } });
            assert.ok(mayRead(answer.headers, APP, true), JSON.stringify([path, headers]));
            const exposed = String(answer.headers["access-control-expose-headers"]).split(", ");
            for (const name of ["x-page", "grpc-status", "x-request-id"]) assert.ok(exposed.includes(name));
          }
        }
      });

      it(`reads nothing when it is not named, over ${version}`, async () => {
        const origin = "https://evil.test";
        const headers = { origin, "content-type": "application/grpc-web+proto" };
        const answer = await ask(server.port, { path: CALL, headers });
        assert.ok(!mayRead(answer.headers, origin, false));
        assert.equal(answer.headers.vary, "Origin");
      });
    }
  });
}
