import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type DescMethod, fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { Health } from "../../../gen/grpc/health/v1/health_pb.ts";
import { LogService } from "../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
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

/** One may meet the collection of what others left. */
const MAX_TRIES = 3;

/** What a request may cost, as a multiple of taking its bytes apart: with no rule broken it is handled and answered as well. */
const MOST = 2;
/** The same where a list or a map has more elements than may be: they are counted, and most are never taken apart. */
const MOST_COUNTED = 0.5;
/** JSON is parsed before it is counted. */
const MOST_PARSED = 1;

/** A request as it is sent. */
interface Attack {
  readonly title: string;
  readonly method: DescMethod;
  readonly message: Buffer;
  readonly format?: "json";
  readonly most: number;
}

/** Requests that break rules, or make long errors: what each may cost depends on what taking its bytes apart costs. */
export const amplification: Row = {
  name: "validation and error amplification",
  async attack(arena) {
    const server = await arena.serve();
    const client = createClient(server.port, "2");
    const slackMs = arena.isWhole ? SLACK_MS : BUSY_SLACK_MS;
    arena.after(() => client.close());
    const send = ({ method, message, format }: Attack) =>
      client.post({
        path: `/${method.parent.typeName}/${method.name}`,
        headers: {
          "content-type": `application/grpc+${format ?? "proto"}`,
          te: "trailers",
          "x-api-key": server.key,
        },
        body: envelope(message),
      });
    // What runs for the first time is compiled first.
    for (const attack of attacksOf(6_000)) await send(attack);
    for (let round = 0; round < arena.rounds(3, 1); round++) {
      for (const bytes of arena.rounds(1, 0) > 0 ? [20_000, 400_000, 4_000_000] : [20_000, 400_000]) {
        for (const attack of attacksOf(bytes)) {
          const { title, most } = attack;
          await arena.attempt(`${bytes} bytes of ${title}`, async () => {
            const decodeMs = decodeCost(attack);
            let size = 0;
            const boundMs = most * decodeMs + slackMs;
            let costMs = Number.POSITIVE_INFINITY;
            for (let tries = 0; costMs > boundMs && tries < MAX_TRIES; tries++) {
              const triedMs = await cpuOf(server, async () => {
                const answer = await send(attack);
                assert.match(answer.code, /^(ok|invalid_argument|resource_exhausted|not_found)$/);
                size = JSON.stringify(answer.headers).length + answer.body.length + answer.message.length;
              });
              costMs = Math.min(costMs, triedMs);
            }
            assert.ok(size < ANSWER_BYTES, `an answer of ${size} bytes`);
            assert.ok(costMs <= boundMs, `${costMs} ms of CPU; its decoding costs ${decodeMs} ms`);
          });
        }
      }
    }
  },
};

function attacksOf(bytes: number): readonly Attack[] {
  const { uploadLogs } = LogService.method;
  const { check } = Health.method;
  const { listUsers } = UserService.method;
  const counted = { method: uploadLogs, most: MOST_COUNTED };
  const other = { method: check, most: MOST };
  return [
    { ...counted, title: "empty entries", message: Buffer.alloc(bytes, Buffer.from([0x0a, 0])) },
    {
      ...counted,
      title: "entries with a broken rule",
      message: Buffer.alloc(bytes, Buffer.from([0x0a, 2, 0x10, 0x63])),
    },
    {
      ...counted,
      title: "entries with an attribute",
      message: Buffer.alloc(bytes, Buffer.from([0x0a, 2, 0x22, 0])),
    },
    { ...counted, title: "attributes of one entry", message: field(1, attributes(bytes)) },
    {
      method: uploadLogs,
      most: MOST_PARSED,
      title: "entries in JSON",
      format: "json",
      message: Buffer.from(
        `{"entries":[${Array(Math.floor(bytes / 3))
          .fill("{}")
          .join()}]}`,
      ),
    },
    { ...other, method: listUsers, title: "a page token", message: field(2, Buffer.alloc(bytes, "a")) },
    { ...other, title: "a name for the health service", message: field(1, Buffer.alloc(bytes, "a")) },
    {
      ...other,
      title: "unknown fields for the health service",
      message: Buffer.alloc(bytes, Buffer.from([0x78, 1])),
    },
  ];
}

/** Entries of the map of a log line, each with a key of its own. */
function attributes(bytes: number): Buffer {
  const one = (at: number) => field(4, field(1, Buffer.from(at.toString(36).padStart(4, "0"))));
  return Buffer.concat(Array.from({ length: Math.floor(bytes / one(0).length) }, (_, at) => one(at)));
}

/** CPU time of taking a message apart here, in milliseconds. */
function decodeCost({ method: { input }, message, format }: Attack): number {
  const before = process.cpuUsage();
  if (format === "json") fromJsonString(input, message.toString());
  else fromBinary(input, message);
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
