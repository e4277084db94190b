import assert from "node:assert/strict";
import { it } from "node:test";
import { closest } from "../../src/runrpc/closest.ts";

it("finds the name that was meant", () => {
  const names = ["port", "max_connections", "max_concurrent_calls", "health"];
  for (const [typed, meant] of [
    ["prot", "port"],
    ["max_conections", "max_connections"],
    ["maxConnections", "max_connections"],
    ["max-concurent-calls", "max_concurrent_calls"],
    ["helth", "health"],
    ["HEALTH", "health"],
    ["colour", undefined],
    ["x", undefined],
    ["", undefined],
  ] as const) {
    assert.equal(closest(typed, names), meant, typed);
  }
});
