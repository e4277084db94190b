import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { startServer } from "../../../../src/runrpc/server/server.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";
import { memoryStore } from "../auth/memory-store.ts";

// A request without a body has nothing left that could come: whatever it is told, its connection goes on.

const PATH = "/rig.users.v1.UserService/GetUser";
const GOOD = `${PATH}?encoding=json&message=${encodeURIComponent('{"id":"00000000-0000-4000-8000-000000000001"}')}`;

for (const lane of ["auto", "stock"]) {
  for (const [title, path, hasKey, status] of [
    ["a GET that is served", GOOD, true, 200],
    ["a GET whose query cannot be read", `${PATH}?encoding=xml`, true, 400],
    ["a GET in an encoding that nobody knows", `${GOOD}&compression=rot13`, true, 501],
    ["a GET without a key", GOOD, false, 401],
  ] as const)
    test(`the connection goes on after ${title}, lane ${lane}`, async (t) => {
      const keys = memoryStore();
      const key = keys.add();
      const server = await startServer({
        services: [partOfService(UserService, { getUser: () => ({}) })],
        keys,
        server: { host: "127.0.0.1", port: 0, lane },
      });
      t.after(() => server.drain());
      const socket = connect(server.port, "127.0.0.1");
      t.after(() => socket.destroy());
      const head = (more: string): string =>
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${hasKey ? `X-Api-Key: ${key}\r\n` : ""}${more}\r\n`;
      socket.write(head(""));
      socket.write(head("Connection: close\r\n"));
      const answers = (await text(socket)).match(/HTTP\/1\.1 \d+/g);
      assert.deepEqual(answers, [`HTTP/1.1 ${status}`, `HTTP/1.1 ${status}`]);
    });
}
