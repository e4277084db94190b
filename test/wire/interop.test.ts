import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Server, startServer } from "../../src/runrpc/server/server.ts";
import { createTestService } from "./interop/service.ts";
import { grpcInteropClient, runTool } from "./tools.ts";

const cases = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
  "unimplemented_service",
] as const;

const soaks = ["rpc_soak", "channel_soak"] as const;
const soakFlags = ["--soak_iterations=200", "--soak_max_failures=0", "--soak_overall_timeout_seconds=60"];

const { path, skip } = grpcInteropClient();

for (const lane of ["auto", "stock"] as const) {
  describe(`lane ${lane}: grpc-go's interop client passes`, { skip }, () => {
    let server: Server;
    before(async () => {
      server = await startServer({
        services: [createTestService()],
        keys: "open",
        server: { host: "127.0.0.1", port: 0, lane },
      });
    });
    after(() => server.drain());

    const passes = async (name: string, ...flags: readonly string[]): Promise<void> => {
      const address = [`--server_host=127.0.0.1`, `--server_port=${server.port}`];
      const { code, stderr } = await runTool(path, ...address, `--test_case=${name}`, ...flags);
      assert.equal(code, 0, stderr);
    };
    for (const name of cases) it(name, () => passes(name));
    for (const name of soaks) it(name, () => passes(name, ...soakFlags));
  });
}
