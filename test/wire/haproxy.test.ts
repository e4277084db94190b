import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { codeName } from "../../src/runrpc/server/errors.ts";
import { UserService } from "../gen/rig/users/v1/users_pb.ts";
import { exchange, outcomeOf } from "./matrix/calls.ts";
import { makeFolder, type ServeProcess, serve } from "./process.ts";
import { freePort, listens } from "./proxies/start.ts";
import { haproxy } from "./tools.ts";

const { path, skip } = haproxy();
const lanes = 16;
const drains = 2;
const flags = ["--drain-delay-ms", "1500", "--log-level", "info", "--log-format", "json"];

test("behind haproxy no call is lost while its servers are restarted under load, one after the other", {
  skip,
}, async (t) => {
  const folders = [await makeFolder(t), await makeFolder(t)] as const;
  // Both have the same user and key.
  const first = await serve(folders[0]);
  await first.stop();
  await copyFile(first.file, join(folders[1], "db.sqlite"));
  const servers: ServeProcess[] = [];
  t.after(() => {
    for (const { child } of servers) child.kill("SIGKILL");
  });
  for (const folder of folders) servers.push(await serve(folder, ...flags));
  const [a, b] = servers;
  assert.ok(a !== undefined && b !== undefined);
  const port = await freePort();
  const proxy = spawn(path, ["-db", "-f", join(import.meta.dirname, "haproxy.cfg")], {
    env: { RPC_PORT: `${port}`, SERVER_A_PORT: `${a.port}`, SERVER_B_PORT: `${b.port}` },
    stdio: "ignore",
  });
  t.after(() => proxy.kill());
  await listens(port, proxy);

  const outcomes = new Map<string, number>();
  let isOver = false;
  let answered = () => {};
  const lane = async (): Promise<void> => {
    const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` });
    while (!isOver) {
      const call = exchange(transport, UserService.method.listUsers, [{}], {
        headers: { "x-api-key": first.key },
      });
      const { error } = await outcomeOf(call);
      const outcome = error === undefined ? "ok" : `${codeName(error.code)}: ${error.rawMessage}`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      answered();
    }
  };
  const clients = Array.from({ length: lanes }, lane);
  const calls = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left--) {
      await new Promise<void>((resolve) => {
        answered = resolve;
      });
    }
  };
  for (let drain = 0; drain < drains; drain++) {
    await calls(200);
    const index = drain % 2;
    const server = servers[index];
    const folder = folders[index];
    assert.ok(server !== undefined && folder !== undefined);
    assert.equal(await server.stop(), 0);
    servers[index] = await serve(folder, ...flags, "--port", `${server.port}`);
    await isBalanced(servers[index]);
  }
  isOver = true;
  await Promise.all(clients);
  assert.deepEqual([...outcomes.keys()], ["ok"], JSON.stringify(Object.fromEntries(outcomes)));
});

/** Waits until the proxy gives a server calls again: its own line of a call is the sign. */
async function isBalanced(server: ServeProcess): Promise<void> {
  while (!server.output().includes("ListUsers")) await once(server.child.stdout, "data");
}
