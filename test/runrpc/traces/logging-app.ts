// An application in a process with an SDK, that is called twice and logs on standard output.
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { defineApp } from "runrpc";
import { startTestApp } from "runrpc/testing";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import type { Modules } from "../debug/slow/worker.ts";

trace.setGlobalTracerProvider(new TracerProvider());
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const definition = defineApp<Modules>({
  services: ({ log }) => [
    partOfService(UserService, {
      async listUsers() {
        await new Promise(setImmediate);
        log.info({}, "in the handler");
        return {};
      },
      updateUser() {
        throw new Error("a bug");
      },
    }),
  ],
  worker: new URL("../debug/slow/worker.ts", import.meta.url),
});

const [traceparent = ""] = process.argv.slice(2);
const log = { "log.level": "info", "log.format": "json", "log.mode": "all" };
await using app = await startTestApp(definition, { config: log });
const { listUsers, updateUser } = app.client(UserService);
await listUsers({}, { headers: { traceparent } });
await updateUser({ id: "00000000-0000-4000-8000-000000000001" }, { headers: { traceparent } }).catch(
  () => {},
);
