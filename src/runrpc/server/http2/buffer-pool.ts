/** Of the buffers that frames are written into. */
export const POOLED_BYTES = 32_768;

/** What one process keeps for the next turn: 2 MiB. */
const MAX_POOLED = 64;

/** Buffers to write into, for all connections of a server: one that is idle holds none. */
export interface BufferPool {
  take(): Buffer;
  /** Takes a buffer back that nobody reads from. Others than pooled ones are dropped. */
  give(buffer: Buffer): void;
}

export function createBufferPool(): BufferPool {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(POOLED_BYTES),
    give(buffer) {
      if (buffer.length === POOLED_BYTES && free.length < MAX_POOLED) free.push(buffer);
    },
  };
}
