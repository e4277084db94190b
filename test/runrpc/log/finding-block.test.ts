import assert from "node:assert/strict";
import { it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { findingBlock } from "../../../src/runrpc/log/finding-block.ts";

const shown = (fields: Record<string, unknown>): string =>
  stripVTControlCharacters(findingBlock(fields, (text) => text.replaceAll("\u001b", "?")));

it("a finding is a block of lines: its place, its call, its parts, its count and its cure", () => {
  const fields = {
    finding: "slow_call",
    at: "src/x.ts:12 (getUser)",
    path: "/rig.users.v1.UserService/GetUser",
    requestId: "id\u001b-1",
    tookMs: 1_200,
    parts: { "the gate": 200, "its handler": 1_000 },
    count: 10,
    totalMs: 12_000,
    cure: "ask for less",
  };
  assert.equal(
    shown(fields),
    [
      "      at    src/x.ts:12 (getUser)",
      "      in    rig.users.v1.UserService/GetUser, request id?-1",
      "      took  1200 ms: the gate 200 ms, its handler 1000 ms",
      "      seen  10 times, 12000 ms in all",
      "      cure  ask for less",
      "",
    ].join("\n"),
  );
});

it("what is not known has no line", () => {
  assert.equal(shown({ finding: "stray" }), "");
});
