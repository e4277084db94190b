import assert from "node:assert/strict";
import { runTool } from "../tools.ts";
import type { ForeignClient } from "./clients.ts";
import { expectedEnds, expectedLines } from "./scenarios.ts";
import type { WireServer } from "./service.ts";

/** Runs a client through all scenarios, and holds what it prints and what the server saw against what is expected. */
export async function assertClient(
  client: ForeignClient,
  server: WireServer,
  address: string,
  caFile?: string,
): Promise<void> {
  const { code, stdout, stderr } = await runTool(...client.command(address, caFile));
  assert.deepEqual([stdout.trimEnd().split("\n"), code], [expectedLines, 0], stderr.slice(-4_000));
  assert.deepEqual(await server.takeEnds(expectedEnds.length), expectedEnds);
}
