import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { requestMessage } from "./messages.ts";
import type { Random } from "./random.ts";

const COMPRESS = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync } as const;

/** The query of a Connect GET: good, in one of its spellings, or with a fault. */
export function getQuery(random: Random): string {
  const encoding = random.pick(["json", "proto"]);
  const message = requestMessage(random, "IdempotentUnary", `application/${encoding}`, false);
  const compression = random.chance(0.3) ? random.pick(["gzip", "br", "zstd"] as const) : undefined;
  const bytes = Buffer.from(compression === undefined ? message : COMPRESS[compression](message));
  const isBase64 = compression !== undefined || random.chance(0.5);
  const parts = [
    "connect=v1",
    `encoding=${encoding}`,
    ...(compression === undefined ? [] : [`compression=${compression}`]),
    ...(isBase64 ? ["base64=1"] : []),
    `message=${isBase64 ? bytes.toString("base64url") : percent(bytes)}`,
  ];
  return random.chance(0.3) ? faulty(random, parts).join("&") : parts.join("&");
}

function faulty(random: Random, parts: readonly string[]): readonly string[] {
  const without = (name: string) => parts.filter((part) => !part.startsWith(`${name}=`));
  return random.pick([
    without("message"),
    without("encoding"),
    [...parts, "message="],
    [...without("encoding"), "encoding=xml"],
    [...without("compression"), "compression=rot13"],
    [...without("message"), "message=%zz"],
    [...without("message"), "message=!!!!"],
    [...without("base64"), "base64=2"],
    [...without("compression"), "compression=gzip"],
    [...parts, "other=1"],
    [],
  ]);
}

function percent(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}
