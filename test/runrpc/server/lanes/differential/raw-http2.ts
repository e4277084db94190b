import { type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from "node:http2";
import type { Scenario } from "./generate.ts";
import { headerLines, type Observation, PATIENCE_MS } from "./observation.ts";

/** Plays a scenario on an HTTP/2 connection of its own. */
export async function playHttp2(port: number, scenario: Scenario): Promise<Observation> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  try {
    return await play(
      session.request(
        { ":method": scenario.httpMethod, ":path": scenario.path, ...Object.fromEntries(scenario.headers) },
        { endStream: false },
      ),
      scenario,
    );
  } finally {
    session.destroy();
  }
}

function play(stream: ClientHttp2Stream, { body, finish }: Scenario): Promise<Observation> {
  const { promise, resolve } = Promise.withResolvers<Observation>();
  let status = 0;
  let headers: string[] = [];
  let trailers: string[] = [];
  let hasLeft = false;
  const chunks: Buffer[] = [];
  const silence = setTimeout(() => done("silent"), PATIENCE_MS);
  const done = (end: Observation["end"]): void => {
    clearTimeout(silence);
    resolve({ status, headers, body: Buffer.concat(chunks), trailers, end });
  };
  const leave = (): void => {
    hasLeft = true;
    stream.close(constants.NGHTTP2_CANCEL);
  };
  stream.on("error", () => {});
  stream.on("response", (received) => {
    status = Number(received[":status"]);
    headers = headerLines(pairs(received));
  });
  stream.on("trailers", (received) => {
    trailers = headerLines(pairs(received));
  });
  stream.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    if (finish === "leave-in-response") leave();
  });
  stream.once("close", () => {
    if (hasLeft) return done("left");
    const code = stream.rstCode;
    done(code !== undefined && code !== constants.NGHTTP2_NO_ERROR ? code : status === 0 ? "cut" : "ended");
  });

  const half = body.subarray(0, body.length >> 1);
  if (finish === "leave-in-body") stream.write(half);
  else if (finish === "cut") stream.end(half);
  else if (finish !== "leave-after-headers") {
    stream.write(half);
    stream.end(body.subarray(half.length));
  }
  if (finish.startsWith("leave") && finish !== "leave-in-response") whenHeard(stream, leave);
  return promise;
}

/**
 * Calls `then` when the server has heard all that was sent: pings are answered in their turn. The second one leaves it
 * the time to hand the stream on; a stream that is reset before that is no call.
 */
function whenHeard({ session }: ClientHttp2Stream, then: () => void): void {
  session?.ping(() => session.ping(then));
}

function* pairs(headers: IncomingHttpHeaders): Iterable<[string, string]> {
  for (const [name, value] of Object.entries(headers)) {
    if (name === ":status" || value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) yield [name, each];
  }
}
