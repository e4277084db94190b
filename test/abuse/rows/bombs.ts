import assert from "node:assert/strict";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import { envelope } from "../../wire/envelope.ts";
import { createClient } from "../post.ts";
import { requestOfEachKind } from "../requests.ts";
import type { Row } from "../row.ts";
import { canCarry, isEnveloped, postOf, wires } from "../wires.ts";

/** Ten of them are there at a time, which would be 2.5 GB. */
const BOMB_BYTES = 256 << 20;

/** 256 MiB of zeros in a few hundred bytes or kilobytes; the last one has gzip inside of gzip, which is opened once. */
function bombs() {
  const zeros = Buffer.alloc(BOMB_BYTES);
  const gzip = gzipSync(zeros, { level: 1 });
  const br = brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  return [
    { title: "gzip", encoding: "gzip", bytes: gzip, codes: /^resource_exhausted$/ },
    { title: "br", encoding: "br", bytes: br, codes: /^resource_exhausted$/ },
    { title: "zstd", encoding: "zstd", bytes: zstdCompressSync(zeros), codes: /^resource_exhausted$/ },
    {
      title: "gzip in gzip",
      encoding: "gzip",
      bytes: gzipSync(gzip),
      codes: /^(invalid_argument|resource_exhausted)$/,
    },
  ];
}

/** Small bodies that are large when they are opened: refused at the limit, without the memory. */
export const bombsRow: Row = {
  name: "bombs",
  async attack(arena) {
    const all = bombs();
    // What zlib has freed stays with malloc for the next time: no more of it after ten times as many bombs.
    const server = await arena.serve({ growthBytes: 160e6, peakBytes: 250e6 });
    for (let round = 0; round < arena.rounds(5, 1); round++) {
      for (const { title, encoding, bytes, codes } of all) {
        for (const { method } of Object.values(requestOfEachKind)) {
          await Promise.all(
            wires
              .filter((wire) => canCarry(wire, method))
              .map((wire) =>
                arena.attempt(`${title}, ${wire.title}, ${method.name}`, async () => {
                  const client = createClient(server.port, wire.version);
                  const name = {
                    connect: "connect-content-encoding",
                    grpc: "grpc-encoding",
                    "grpc-web": "grpc-encoding",
                  };
                  const isBody = !isEnveloped(wire, method);
                  const { code, message } = await client.post({
                    ...postOf(wire, method, [], {
                      "x-api-key": server.key,
                      [isBody ? "content-encoding" : name[wire.protocol]]: encoding,
                    }),
                    body: isBody ? bytes : envelope(bytes, 1),
                  });
                  client.close();
                  assert.match(code, codes, message);
                }),
              ),
          );
        }
      }
    }
  },
};
