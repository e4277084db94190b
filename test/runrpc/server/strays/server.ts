// A server in a process of its own, whose handlers fail where nobody catches it. It prints its port, then its log's lines.
import { EventEmitter } from "node:events";
import type { HandlerContext } from "@connectrpc/connect";
import type { ServerLog } from "../../../../src/runrpc/server/log.ts";
import { startServer } from "../../../../src/runrpc/server/server.ts";
import { ChatService } from "../../../gen/rig/chat/v1/chat_pb.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";

const [lane = "auto", onStray = "continue"] = process.argv.slice(2);
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const level = (name: keyof ServerLog) => (fields: object, message: string) => {
  const { err, ...rest } = fields as { readonly err?: unknown };
  print({ level: name, message, ...rest, err: err instanceof Error ? err.message : String(err) });
};
const log = { debug() {}, info() {}, warn() {}, error: level("error"), fatal: level("fatal") };

const emitter = new EventEmitter();
const boom = (text: string) => (): never => {
  throw new Error(text);
};

/** What a handler leaves behind, by the display name that is asked for. */
const deeds: Readonly<Record<string, (context: HandlerContext) => void>> = {
  rejection: () => void Promise.reject(new Error("rejection")),
  "late rejection": () => void new Promise(setImmediate).then(boom("late rejection")),
  "rejection with undefined": () => void Promise.reject(),
  timer: () => void setTimeout(boom("timer"), 1),
  immediate: () => void setImmediate(boom("immediate")),
  tick: () => process.nextTick(boom("tick")),
  microtask: () => queueMicrotask(boom("microtask")),
  "abort listener": ({ signal }) => signal.addEventListener("abort", boom("abort listener")),
  emitter: () => {
    emitter.once("say", boom("emitter"));
    setImmediate(() => emitter.emit("say"));
  },
  many: () => {
    for (let n = 0; n < 1_000; n++) void Promise.reject(new Error("many"));
  },
};

const deed = (context: HandlerContext) => deeds[context.requestHeader.get("x-deed") ?? ""]?.(context);

const server = await startServer({
  services: [
    partOfService(UserService, {
      async listUsers(_request, context) {
        deed(context);
        if (context.requestHeader.get("x-deed") === "abort listener") await new Promise(() => {});
        return {};
      },
      async *streamUsers(_request, context) {
        yield {};
        await new Promise(setImmediate);
        deed(context);
        if (context.requestHeader.get("x-deed") === "abort listener") await new Promise(() => {});
        yield {};
      },
    }),
    partOfService(ChatService, {
      async *chat(messages, context) {
        for await (const _message of messages) {
          deed(context);
          yield {};
        }
      },
    }),
  ],
  keys: "open",
  server: { host: "127.0.0.1", port: 0, lane },
  errors: { onStray },
  log,
});
print({ port: server.port });
process.on("SIGTERM", async () => {
  print({ strays: server.stats().strays });
  await server.drain();
});
