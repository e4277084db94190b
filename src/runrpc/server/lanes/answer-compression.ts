import type { Compression } from "@connectrpc/connect/protocol";
import { isLoopback } from "../auth/peer.ts";
import type { CallHead } from "../call/call.ts";
import { COMPRESSIONS, compressionNamed } from "./compressions.ts";

/** When answers are compressed. The defaults are the configuration's. */
export interface AnswerCompressionOptions {
  /** A message below this leaves as it is, in bytes. 0: all do. */
  readonly minBytes: number;
  /** In order of preference; none: zstd, br, gzip. */
  readonly encodings: readonly string[];
  /** Whether they are for clients on this machine as well. */
  readonly loopback: boolean;
}

/** Decides which answers are compressed, and does it, for both lanes. One for each server: it bounds the work. */
export interface AnswerCompression {
  /** The least message that is compressed, in bytes; Infinity: there is none. */
  readonly minBytes: number;
  /**
   * What messages to the client of a call may be compressed with; undefined: nothing.
   *
   * @param accepted the header in which its client says what it takes.
   * @param sent what its request is compressed with: without the other header, that is taken.
   */
  encodingFor(
    head: Pick<CallHead, "peer">,
    accepted: string | string[] | undefined,
    sent: string | string[] | undefined,
  ): Compression | undefined;
  /**
   * Compresses a message in Node's thread pool. Undefined at once where as much as may be is at work already, and
   * resolves with undefined where it does not get shorter, or cannot be done: it leaves as it is then. Never rejects.
   */
  compress(compression: Compression, bytes: Uint8Array): Promise<Uint8Array | undefined> | undefined;
}

/** The threads of the pool are four by default: what waits for them longer than this makes its client wait. */
const MAX_AT_WORK = 32;

/** What all messages at work may take together, in bytes: a result takes as much again at most. */
const MAX_BYTES_AT_WORK = 33_554_432;

/** What is preferred where the client has no preference: the fastest that saves most, then what everybody knows. */
const BY_DEFAULT = ["zstd", "br", "gzip"];

/** Of an accept header, in characters; what is longer says nothing. */
const MAX_ACCEPT_LENGTH = 1_000;

export function createAnswerCompression(options: AnswerCompressionOptions): AnswerCompression {
  const names = options.encodings.length === 0 ? BY_DEFAULT : options.encodings;
  const preferred = names.flatMap((name) => COMPRESSIONS.filter((each) => each.name === name));
  const minBytes = options.minBytes === 0 ? Number.POSITIVE_INFINITY : options.minBytes;
  let atWork = 0;
  let bytesAtWork = 0;
  // Clients of one kind repeat themselves.
  let lastAccepted = "";
  let lastFound: Compression | undefined;

  async function work(compression: Compression, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    atWork++;
    bytesAtWork += bytes.length;
    try {
      const packed = await compression.compress(bytes);
      return packed.length < bytes.length ? packed : undefined;
    } catch {
      return undefined; // zlib had no memory
    } finally {
      atWork--;
      bytesAtWork -= bytes.length;
    }
  }

  return {
    minBytes,
    encodingFor({ peer }, accepted, sent) {
      if (minBytes === Number.POSITIVE_INFINITY || (!options.loopback && isLoopback(peer))) return undefined;
      const text = String(accepted ?? "");
      if (text === "") {
        const own = sent === undefined ? undefined : compressionNamed(String(sent));
        return own !== undefined && preferred.includes(own) ? own : undefined;
      }
      if (text !== lastAccepted) {
        lastFound = acceptedOf(preferred, text);
        lastAccepted = text;
      }
      return lastFound;
    },
    compress(compression, bytes) {
      const isBusy = atWork >= MAX_AT_WORK || bytesAtWork + bytes.length > MAX_BYTES_AT_WORK;
      return isBusy && atWork > 0 ? undefined : work(compression, bytes);
    },
  };
}

/**
 * What a client likes best of these (RFC 9110, 12.5.3), by its weights and then by our order. gRPC's header has names
 * alone, which weigh the same.
 */
function acceptedOf(preferred: readonly Compression[], text: string): Compression | undefined {
  if (text.length > MAX_ACCEPT_LENGTH) return undefined;
  const weights = new Map(text.split(",").map(weighted));
  let best: Compression | undefined;
  let bestWeight = 0;
  for (const compression of preferred) {
    const weight = weights.get(compression.name) ?? weights.get("*") ?? 0;
    if (weight > bestWeight) [best, bestWeight] = [compression, weight];
  }
  return bestWeight >= (weights.get("identity") ?? 0) ? best : undefined;
}

/** `gzip;q=0.5` is gzip and a half. What cannot be read weighs nothing. */
function weighted(part: string): [name: string, weight: number] {
  const [name = "", ...parameters] = part.toLowerCase().split(";");
  const weight = parameters.map((parameter) => /^\s*q\s*=\s*(\S*)\s*$/.exec(parameter)?.[1]).find(Boolean);
  return [
    name.trim(),
    weight === undefined ? 1 : /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0,
  ];
}
