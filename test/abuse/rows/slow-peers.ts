import assert from "node:assert/strict";
import { setInterval as everyMs } from "node:timers/promises";
import { PREFACE } from "../../runrpc/server/listener/frames.ts";
import { within } from "../arena.ts";
import { openRaw, openRawHttp2, type RawConnection } from "../raw.ts";
import type { Row } from "../row.ts";

const FIRST_BYTE_MS = 800;
const HEADERS_MS = 1_500;
const DEADLINE_MS = 1_500;
/** What a bound may be missed by on a busy machine. */
const SLACK_MS = 4_000;
const DRIP_MS = 250;

const HEAD = "POST /rig.users.v1.UserService/ListUsers HTTP/1.1\r\nhost: a\r\n";

/** Peers that send a byte now and then, or none: each is ended at its bound, in the number in which they come. */
export const slowPeers: Row = {
  name: "slow peers",
  async attack(arena) {
    const { port, key } = await arena.serve({
      flags: ["--first-byte-timeout-ms", `${FIRST_BYTE_MS}`, "--headers-timeout-ms", `${HEADERS_MS}`],
    });
    const count = arena.rounds(200, 10);
    const body = `x-api-key: ${key}\r\ncontent-type: application/json\r\ncontent-length: 100000\r\nconnect-timeout-ms: ${DEADLINE_MS}\r\n\r\n`;
    const peers = [
      { title: "says nothing", opening: "", drip: "", endsMs: FIRST_BYTE_MS, answer: /^$/ },
      {
        title: "sends its head byte by byte",
        opening: HEAD,
        drip: "x",
        endsMs: HEADERS_MS,
        answer: /^(HTTP\/1.1 408 |$)/,
      },
      {
        title: "sends header after header",
        opening: HEAD,
        drip: "x-a: b\r\n",
        endsMs: HEADERS_MS,
        answer: /^(HTTP\/1.1 (408|431) |$)/,
      },
      {
        title: "sends half of the preface of HTTP/2",
        opening: PREFACE.toString("latin1", 0, 10),
        drip: "",
        endsMs: HEADERS_MS,
        answer: /^(HTTP\/1.1 4|$)/,
      },
      {
        title: "sends the preface and no settings",
        opening: PREFACE.toString("latin1"),
        drip: "",
        endsMs: HEADERS_MS,
        answer: /^/,
      },
      {
        title: "sends its body byte by byte",
        opening: HEAD + body,
        drip: " ",
        endsMs: DEADLINE_MS,
        answer: /^HTTP\/1.1 (504|408) /,
      },
      {
        title: "sends a length and no body",
        opening: HEAD + body,
        drip: "",
        endsMs: DEADLINE_MS,
        answer: /^HTTP\/1.1 (504|408) /,
      },
    ] as const;
    const all = peers.flatMap((peer) => Array.from({ length: count }, () => peer));
    await Promise.all(
      all.map(({ title, opening, drip, endsMs, answer }) =>
        arena.attempt(`one that ${title}`, async () => {
          const connection = await openRaw(port, false);
          if (opening !== "") await connection.send(opening);
          void dripOn(connection, drip);
          const isAnswered = (said: Buffer) => answer.source.includes("HTTP") && said.length > 0;
          await within(endsMs + SLACK_MS, () =>
            connection.until((said) => (isAnswered(said) ? said : undefined)),
          );
          assert.match(connection.received().toString("latin1"), answer);
          connection.socket.destroy();
        }),
      ),
    );
    await arena.attempt("an HTTP/2 connection without a call is left alone until it is idle", async () => {
      const connection = await openRawHttp2(port);
      assert.equal(connection.socket.destroyed, false);
      connection.socket.destroy();
    });
  },
};

async function dripOn(connection: RawConnection, drip: string): Promise<void> {
  if (drip === "") return;
  for await (const _ of everyMs(DRIP_MS)) if (!(await connection.send(drip))) return;
}
