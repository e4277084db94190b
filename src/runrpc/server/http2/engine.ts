import type { Socket } from "node:net";
import { createBufferPool } from "./buffer-pool.ts";
import { Connection, type StreamTaker } from "./connection.ts";
import type { Shared } from "./core.ts";
import { DateField } from "./date-field.ts";
import { createHuffmanReader } from "./hpack/huffman.ts";
import type { Http2Options } from "./options.ts";

/** HTTP/2 for the connections of one server. It knows sockets and streams, and nothing of what they are for. */
export interface Http2Engine {
  /** Serves a connection from its preface on; the first bytes may have been read and put back. It ends the socket. */
  serve(socket: Socket): Connection;
}

/** What an engine tells. */
export interface Http2EngineHandlers extends StreamTaker {
  /** A handler threw, or the engine itself. The stream, or the connection, was ended with INTERNAL_ERROR. */
  onError(error: unknown): void;
}

export function createHttp2Engine(options: Http2Options, handlers: Http2EngineHandlers): Http2Engine {
  const shared: Shared = {
    options,
    pool: createBufferPool(),
    huffman: createHuffmanReader(),
    date: new DateField(),
    onError: (error) => handlers.onError(error),
  };
  return { serve: (socket) => new Connection(socket, shared, handlers) };
}
