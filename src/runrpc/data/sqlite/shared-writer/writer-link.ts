import { createConnection } from "node:net";
import { DataError } from "../../data-error.ts";
import { type FrameSocket, overFrames } from "./frame-socket.ts";
import { greatestFrameBytes } from "./frames.ts";
import { type Hello, helloKind, protocolVersion } from "./protocol.ts";

/** What a link tells the side that holds it. */
export interface WriterEvents {
  /** The writer has said what it is. May throw: the link ends with what was thrown. */
  onHello(hello: Hello): void;
  /** Comes after the hello. */
  onMessage(message: readonly unknown[]): void;
  onDrain(): void;
  /** It is over, or there was nobody. Told once, and last. */
  onEnd(reason: DataError): void;
}

/** How long a writer has to say what it is, in milliseconds. */
const helloTimeoutMs = 10_000;

/** Connects to the process that writes, at the path of its socket. What it sends is trusted: frames have the greatest bound. */
export function connectToWriter(path: string, events: WriterEvents): FrameSocket {
  const socket = createConnection(path);
  let isGreeted = false;
  const silent = setTimeout(
    () => socket.destroy(new Error(`it said nothing in ${helloTimeoutMs} ms`)),
    helloTimeoutMs,
  );
  return overFrames(socket, greatestFrameBytes, {
    onMessage(message) {
      if (isGreeted) return events.onMessage(message);
      const hello = helloOf(message);
      isGreeted = true;
      clearTimeout(silent);
      events.onHello(hello);
    },
    onDrain: events.onDrain,
    onEnd(reason) {
      clearTimeout(silent);
      events.onEnd(endOf(reason, path));
    },
  });
}

function helloOf([kind, hello]: readonly unknown[]): Hello {
  if (kind === helloKind && typeof hello === "object" && hello !== null && "protocol" in hello) {
    if (hello.protocol === protocolVersion) return hello as Hello; // As this version sends it.
    throw new DataError(
      "failed_precondition",
      `the process that writes speaks version ${String(hello.protocol)}, this one ${protocolVersion}: start both again`,
    );
  }
  throw new DataError("unavailable", "what listens there is no writer of a database");
}

function endOf(reason: Error | undefined, path: string): DataError {
  if (reason instanceof DataError) return reason;
  const text = reason === undefined ? "the connection has ended" : reason.message;
  return new DataError("unavailable", `the process that writes the database, at ${path}: ${text}`, {
    cause: reason,
  });
}
