import type { HeaderList } from "./hpack.ts";
import type { ClientStream, Http2Connection } from "./http2.ts";

/** What a call of gRPC tells its caller. */
export interface CallListener {
  /** One message of the answer. */
  message?(bytes: Buffer): void;
  /** The call is over; undefined when its status was OK, else what went wrong. */
  end(failure: Error | undefined): void;
}

/** A message as gRPC sends it: five bytes, then the message (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export function envelope(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(5 + message.length);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}

/** The headers of a call; made once, because the encoder knows them by identity. */
export function callHeaders(path: string, extra: HeaderList): HeaderList {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "127.0.0.1"],
    ["te", "trailers"],
    ["content-type", "application/grpc+proto"],
    ["user-agent", "runrpc-bench"],
    ...extra,
  ];
}

/** Starts a call. `body` is one or more enveloped messages; unless `isLast`, more may be sent on what is returned. */
export function startCall(
  connection: Http2Connection,
  headers: HeaderList,
  body: Buffer | undefined,
  isLast: boolean,
  listener: CallListener,
): ClientStream {
  // Pieces of a message that has not all come, and how many bytes it takes to go on.
  let pieces: Buffer[] = [];
  let have = 0;
  let need = 5;
  return connection.open(headers, body, isLast, {
    data(payload) {
      have += payload.length;
      pieces.push(payload);
      if (have < need) return;
      let bytes = pieces.length === 1 ? payload : Buffer.concat(pieces);
      need = 5;
      while (bytes.length >= 5) {
        need = 5 + bytes.readUInt32BE(1);
        if (bytes.length < need) break;
        listener.message?.(bytes.subarray(5, need));
        bytes = bytes.subarray(need);
        need = 5;
      }
      have = bytes.length;
      pieces = have === 0 ? [] : [bytes];
    },
    end(answer, resetCode) {
      const status = answer.get("grpc-status");
      if (status === "0" && answer.get(":status") === "200") listener.end(undefined);
      else
        listener.end(
          new Error(
            `HTTP status ${answer.get(":status")}, grpc-status ${status} ${answer.get("grpc-message") ?? ""}, reset ${resetCode}`,
          ),
        );
    },
  });
}

/** One unary call: its answer's bytes. Rejects when the status is not OK or there is not exactly one message. */
export function unary(connection: Http2Connection, headers: HeaderList, body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const messages: Buffer[] = [];
    startCall(connection, headers, body, true, {
      message: (bytes) => messages.push(bytes),
      end(failure) {
        const [answer] = messages;
        if (failure !== undefined) reject(failure);
        else if (answer === undefined || messages.length > 1)
          reject(new Error(`${messages.length} messages`));
        else resolve(answer);
      },
    });
  });
}
