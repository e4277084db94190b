import assert from "node:assert/strict";
import { it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { TracesSchema } from "../../../gen/runrpc/config/v1/config_pb.ts";
import { startServer } from "../../../src/runrpc/server/server.ts";
import { findTraces } from "../../../src/runrpc/traces/traces.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";

it("without an SDK there are no traces, and no call has a hook of them", async () => {
  assert.equal(await findTraces(create(TracesSchema)), undefined);
  const records: object[] = [];
  const server = await startServer({
    services: [partOfService(UserService, { getUser: () => ({}) })],
    keys: "open",
    server: { host: "127.0.0.1", port: 0 },
    onRecord: (record) => records.push(record),
  });
  const response = await fetch(`${server.url}/rig.users.v1.UserService/GetUser`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"id":"00000000-0000-4000-8000-000000000001"}',
  });
  assert.equal(response.status, 200);
  await server.drain();
  assert.equal(records.length, 1);
  assert.ok(!("traceId" in (records[0] ?? {})));
});
