const HEAD_BYTES = 5;

/** A message of a stream: https://connectrpc.com/docs/protocol#streaming-rpcs */
export interface Envelope {
  readonly isEnd: boolean;
  readonly text: string;
}

export function envelope(text: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(text);
  const bytes = new Uint8Array(HEAD_BYTES + body.length);
  new DataView(bytes.buffer).setUint32(1, body.length);
  bytes.set(body, HEAD_BYTES);
  return bytes;
}

/** Reads the envelopes of a body as they arrive. */
export async function* readEnvelopes(body: ReadableStream<Uint8Array>): AsyncGenerator<Envelope> {
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  const take = (bytes: number): Uint8Array => {
    const taken = new Uint8Array(bytes);
    for (let at = 0; at < bytes; ) {
      const [first = taken] = pieces;
      const part = first.subarray(0, bytes - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === first.length) pieces.shift();
      else pieces[0] = first.subarray(part.length);
    }
    length -= bytes;
    return taken;
  };
  let head: Uint8Array | undefined;
  try {
    for (;;) {
      if (head === undefined && length >= HEAD_BYTES) head = take(HEAD_BYTES);
      const size = head === undefined ? 0 : new DataView(head.buffer).getUint32(1);
      if (head !== undefined && length >= size) {
        yield { isEnd: ((head[0] ?? 0) & 0b10) !== 0, text: new TextDecoder().decode(take(size)) };
        head = undefined;
        continue;
      }
      const { done, value } = await reader.read();
      if (done) return;
      pieces.push(value);
      length += value.length;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
