import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../../../src/runrpc/server/server.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";

// What tsc refuses and a program in JavaScript may pass all the same stops the start, where each call would fail else.

for (const [options, message] of [
  [{ services: undefined }, "services is undefined; it takes a list"],
  [{ services: UserService }, "services is [object Object]; it takes a list"],
  [{ services: [UserService] }, "services[0] is [object Object]; it takes what `defineService` gives"],
  [{ services: [undefined] }, "services[0] is undefined; it takes what `defineService` gives"],
  [{ interceptors: () => {} }, "interceptors is a function; it takes a list"],
  [{ interceptors: [() => {}, undefined] }, "interceptors[1] is undefined; it takes a function"],
  [{ mapError: {} }, "mapError is [object Object]; it takes a function"],
  [{ onRecord: null }, "onRecord is null; it takes a function"],
  [{ probe: Promise.resolve() }, "probe is [object Promise]; it takes a function"],
] as const) {
  test(`a server does not start: ${message}`, async () => {
    const given = { services: [], keys: "open", server: { host: "127.0.0.1", port: 0 }, ...options };
    await assert.rejects(startServer(given as never), { message });
  });
}
