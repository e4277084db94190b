// A server in debug mode, in a process of its own, whose handlers hold the event loop and leave things behind. It prints
// its port, then the findings of its log.
import { setTimeout as delay } from "node:timers/promises";
import type { HandlerContext } from "@connectrpc/connect";
import { startServer } from "../../../../src/runrpc/server/server.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { deeds, removeFiles } from "./deeds.ts";
import { hold, kinds } from "./kinds.ts";

const [lane = "auto", also] = process.argv.slice(2);
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const deedOf = ({ requestHeader }: HandlerContext): string => requestHeader.get("x-deed") ?? "";
const act = (context: HandlerContext): unknown => {
  const deed = deedOf(context);
  return (deeds[deed] ?? kinds[deed])?.(context);
};
/** A handler that calls its own server. */
async function callItself({ requestHeader }: HandlerContext): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/rig.users.v1.UserService/GetUser`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-deed": "called",
      "x-request-id": `inner-${requestHeader.get("x-request-id")}`,
    },
    body: JSON.stringify({ id: "4be0643f-1d98-573b-97cd-ca98a65347dd" }),
  });
  await answer.text();
}

const never = (): Promise<void> => new Promise(() => {});

const server = await startServer({
  services: [
    partOfService(UserService, {
      /** Before an await. */
      // biome-ignore format: the handler's line is looked for
      async getUser(_request, context) { // GetUser
        act(context);
        if (deedOf(context) === "hungAwait") await never();
        await delay(1);
        return {};
      },
      /** After one. */
      // biome-ignore format: the same
      async listUsers(_request, context) { // ListUsers
        await delay(1);
        act(context);
        if (deedOf(context) === "callsItself") await callItself(context);
        if (deedOf(context) === "hungAwait") await never();
        return {};
      },
      /** In a stream. */
      async *streamUsers({ limit }, context) {
        yield {};
        await delay(1);
        act(context);
        if (deedOf(context) === "hungAwait") await never(); // StreamUsers
        for (let n = 0; n < limit; n++) yield { user: { displayName: "x".repeat(10_000) } };
      },
    }),
  ],
  interceptors:
    also === "interceptor"
      ? [
          (next) => async (request) => {
            if (request.header.get("x-deed") === "interceptor") hold();
            return await next(request);
          },
        ]
      : [],
  keys: "open",
  server: { host: "127.0.0.1", port: 0, lane, debug: true },
  debug: { blockMs: 50, graceMs: 100, slowMs: 200 },
  timeouts: { drainTimeoutMs: 100 },
  log: {
    debug() {},
    info() {},
    error() {},
    warn: (fields, message) => void ("finding" in fields && print({ ...fields, message })),
  },
});
print({ port: server.port });
process.on("SIGTERM", async () => {
  await server.drain();
  removeFiles();
  print({ findings: server.stats().findings });
});
