import assert from "node:assert/strict";
import { createClient } from "../post.ts";
import { requestOfEachKind } from "../requests.ts";
import type { Row } from "../row.ts";
import { canCarry, encode, postOf, wires } from "../wires.ts";

const EITHER = /^(ok|deadline_exceeded)$/;
const OK = /^ok$/;
const NONE = /^invalid_argument$/;

/** Timeouts at the bounds of what each protocol's page allows, and beyond. */
const GRPC = [
  ["0n", EITHER],
  ["1n", EITHER],
  ["999999u", EITHER],
  ["0m", EITHER],
  ["1m", EITHER],
  ["30S", OK],
  ["2147484S", OK],
  ["99999999M", OK],
  ["99999999H", OK],
  ["100000000n", NONE],
  ["123456789S", NONE],
  ["-1S", NONE],
  ["+1S", NONE],
  ["1.5S", NONE],
  ["1e3m", NONE],
  ["1s", NONE],
  ["S", NONE],
  ["1", NONE],
  ["1 S", NONE],
  ["soon", NONE],
] as const;
const CONNECT = [
  ["0", EITHER],
  ["1", EITHER],
  ["0000000001", EITHER],
  ["30000", OK],
  ["2147483647", OK],
  ["2147483648", OK],
  ["9999999999", OK],
  ["10000000000", NONE],
  ["99999999999999999999", NONE],
  ["-1", NONE],
  ["+1", NONE],
  ["1.5", NONE],
  ["1e3", NONE],
  ["0x10", NONE],
  ["1s", NONE],
  ["NaN", NONE],
  ["soon", NONE],
] as const;

/** Deadlines at their bounds: none fires early, none is lost in an overflow, and what is none is refused. */
export const deadlines: Row = {
  name: "deadlines at their bounds",
  async attack(arena) {
    const server = await arena.serve();
    for (let round = 0; round < arena.rounds(5, 1); round++) {
      for (const wire of arena.some(wires, 4)) {
        const [name, cases] =
          wire.protocol === "connect"
            ? (["connect-timeout-ms", CONNECT] as const)
            : (["grpc-timeout", GRPC] as const);
        for (const [value, code] of cases) {
          await Promise.all(
            Object.values(requestOfEachKind)
              .filter(({ method }) => canCarry(wire, method))
              .map(({ method, json }) =>
                arena.attempt(`${name}: ${value}, ${wire.title}, ${method.name}`, async () => {
                  const client = createClient(server.port, wire.version);
                  const headers = { "x-api-key": server.key, [name]: value };
                  const answer = await client.post(
                    postOf(wire, method, [encode(wire, method, json)], headers),
                  );
                  client.close();
                  assert.match(answer.code, code, answer.message);
                }),
              ),
          );
        }
      }
    }
  },
};
