import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type DescMessage, type DescMethod, fromBinary } from "@bufbuild/protobuf";
import { Health } from "../../../gen/grpc/health/v1/health_pb.ts";
import { LogService } from "../../gen/rig/logs/v1/logs_pb.ts";
import { envelope } from "../../wire/envelope.ts";
import { noMemory } from "../../wire/memory.ts";
import { varint } from "../mutate/protobuf.ts";
import { createClient } from "../post.ts";
import type { Row } from "../row.ts";
import type { Subject } from "../subject.ts";

/** What the answer to a refused request may hold, head and body. */
const ANSWER_BYTES = 16_384;
/** CPU time of a process is counted in hundredths of a second; and a call has its own, whatever it holds. */
const SLACK_MS = 150;
/** On a busy machine the good client's calls, and V8's collections, are counted in as well. */
const BUSY_SLACK_MS = 700;

/** Requests that break rules, or make long errors: each costs no more than twice what taking its bytes apart costs. */
export const amplification: Row = {
  name: "validation and error amplification",
  async attack(arena) {
    // Two million elements are two million objects, whatever is said of them then: others wait for that.
    const server = await arena.serve({ witnessMs: 15_000 });
    const client = createClient(server.port, "2");
    const slackMs = arena.isWhole ? SLACK_MS : BUSY_SLACK_MS;
    arena.after(() => client.close());
    for (let round = 0; round < arena.rounds(5, 1); round++) {
      for (const bytes of arena.rounds(1, 0) > 0 ? [20_000, 400_000, 4_000_000] : [20_000, 400_000]) {
        for (const [title, { parent, name, input }, message] of attacksOf(bytes)) {
          await arena.attempt(`${bytes} bytes of ${title}`, async () => {
            const decodeMs = decodeCost(input, message);
            let size = 0;
            const costMs = await cpuOf(server, async () => {
              const answer = await client.post({
                path: `/${parent.typeName}/${name}`,
                headers: { "content-type": "application/grpc", te: "trailers", "x-api-key": server.key },
                body: envelope(message),
              });
              assert.match(answer.code, /^(ok|invalid_argument|resource_exhausted|not_found)$/);
              size = JSON.stringify(answer.headers).length + answer.body.length + answer.message.length;
            });
            assert.ok(size < ANSWER_BYTES, `an answer of ${size} bytes`);
            assert.ok(
              costMs <= 2 * decodeMs + slackMs,
              `${costMs} ms of CPU; its decoding costs ${decodeMs} ms`,
            );
          });
        }
      }
    }
  },
};

function attacksOf(
  bytes: number,
): readonly (readonly [title: string, method: DescMethod, message: Buffer])[] {
  const { uploadLogs } = LogService.method;
  const { check } = Health.method;
  return [
    ["empty entries", uploadLogs, Buffer.alloc(bytes, Buffer.from([0x0a, 0]))],
    ["entries with a broken rule", uploadLogs, Buffer.alloc(bytes, Buffer.from([0x0a, 2, 0x10, 0x63]))],
    ["entries with an attribute", uploadLogs, Buffer.alloc(bytes, Buffer.from([0x0a, 2, 0x22, 0]))],
    ["a name for the health service", check, field(1, Buffer.alloc(bytes, "a"))],
    ["unknown fields for the health service", check, Buffer.alloc(bytes, Buffer.from([0x78, 1]))],
  ];
}

/** CPU time of taking a message apart here, in milliseconds. */
function decodeCost(schema: DescMessage, message: Buffer): number {
  const before = process.cpuUsage();
  fromBinary(schema, message);
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 1_000);
}

function field(number: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), varint(value.length), value]);
}

/** CPU time of the process while `deed` runs, in milliseconds (proc(5): utime and stime, in hundredths of a second). */
async function cpuOf({ child }: Subject, deed: () => Promise<unknown>): Promise<number> {
  const ticks = async (): Promise<number> => {
    if (noMemory) return 0;
    const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = await ticks();
  await deed();
  return ((await ticks()) - before) * 10;
}
