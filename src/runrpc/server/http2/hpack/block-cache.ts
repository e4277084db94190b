import type { RequestHead } from "./request-head.ts";

const SLOTS = 8;
/** Of a block. Longer ones are rarely the same twice. */
const MAX_BYTES = 128;

/** A block that was decoded, for as long as the table is what it was. */
interface Entry {
  readonly block: Buffer;
  readonly head: RequestHead;
  readonly version: number;
}

/**
 * Clients repeat themselves: once all headers of a call are in the table, its block is the same few bytes each time. A
 * block that is found here costs a tenth of one that is decoded. A class: each connection holds one.
 */
export class BlockCache {
  readonly #entries: (Entry | undefined)[] = [];

  find(bytes: Buffer, start: number, end: number, version: number): RequestHead | undefined {
    const length = end - start;
    if (length > MAX_BYTES) return undefined;
    const entry = this.#entries[slotOf(bytes, start, end)];
    if (entry === undefined || entry.version !== version || entry.block.length !== length) return undefined;
    const { block } = entry;
    for (let at = 0; at < length; at++) if (block[at] !== bytes[start + at]) return undefined;
    return entry.head;
  }

  keep(bytes: Buffer, start: number, end: number, version: number, head: RequestHead): void {
    if (end - start > MAX_BYTES || head.problem !== undefined) return;
    Object.freeze(head.headers); // calls share it from here on
    this.#entries[slotOf(bytes, start, end)] = {
      block: Buffer.from(bytes.subarray(start, end)),
      head,
      version,
    };
  }
}

function slotOf(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0; // within the bytes
  return (hash ^ (hash >>> 8)) & (SLOTS - 1);
}
