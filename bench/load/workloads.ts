import { answers, echoJson, requests, smallText, streamAnswer, streamCount } from "../messages.ts";
import { callHeaders, envelope, startCall } from "./grpc.ts";
import type { HeaderList } from "./hpack.ts";
import { connectHttp1, jsonRequest } from "./http1.ts";
import { connectHttp2, type Http2Connection } from "./http2.ts";
import { closedLoop, type Load, pacedLoop } from "./loops.ts";

/** The server under test, and what goes with each call: a key and a deadline where all is on. */
export interface Target {
  readonly port: number;
  readonly isEncrypted: boolean;
  readonly grpcHeaders: HeaderList;
  readonly jsonHeaders: HeaderList;
}

/** A load with its connections open. */
export interface Session {
  /** Rejects at the first answer that is not the right one, and when a connection breaks. */
  run(durationMs: number): Promise<Load>;
  close(): void;
}

export type Workload = (target: Target) => Session;

/** Path of a method of the benchmark's service. */
export const methodPath = (name: string): string => `/bench.v1.BenchService/${name}`;

/** Unary calls in a closed loop. */
export function unaryLoad(
  method: "Echo" | "List" | "Blob",
  request: Buffer,
  answer: Buffer,
  connectionCount: number,
  callsEach: number,
): Workload {
  const body = envelope(request);
  return (target) => {
    const { connections, at, close, whole } = connectAll(target, connectionCount);
    const headers = callHeaders(methodPath(method), target.grpcHeaders);
    return {
      close,
      run: (durationMs) =>
        whole(
          closedLoop(connections.length * callsEach, durationMs, (lane, done) =>
            checkedUnary(at(lane), headers, body, answer, done),
          ),
        ),
    };
  };
}

/** Unary calls at a fixed rate, over 8 connections. */
export function pacedLoad(perSecond: number): Workload {
  const body = envelope(requests.echo);
  return (target) => {
    const { at, close, whole } = connectAll(target, 8);
    const headers = callHeaders(methodPath("Echo"), target.grpcHeaders);
    return {
      close,
      run: (durationMs) =>
        whole(
          pacedLoop(perSecond, durationMs, (index, done) =>
            checkedUnary(at(index), headers, body, answers.echo, done),
          ),
        ),
    };
  };
}

/** Server streams of many small messages, one after the other on each of 4 connections. Counts messages. */
export const streamLoad: Workload = (target) => {
  const { at, close, whole } = connectAll(target, 4);
  const headers = callHeaders(methodPath("Stream"), target.grpcHeaders);
  const body = envelope(requests.stream);
  return {
    close,
    run: (durationMs) =>
      whole(
        closedLoop(4, durationMs, (lane, done) => {
          let count = 0;
          startCall(at(lane), headers, body, true, {
            message(bytes) {
              if (streamAnswers[count]?.equals(bytes) === true) count++;
              else done(new Error(`message ${count} of the stream is not the right one`));
            },
            end: (failure) =>
              done(failure ?? (count === streamCount ? undefined : new Error(`${count} messages`)), count),
          });
        }),
      ),
  };
};

const streamAnswers = Array.from({ length: streamCount }, (_, index) => streamAnswer(index + 1));

/** Bidi echo: 16 streams on 4 connections, 8 messages under way on each. Counts messages that came back. */
export const chatLoad: Workload = (target) => {
  const { at, close, whole } = connectAll(target, 4);
  const headers = callHeaders(methodPath("Chat"), target.grpcHeaders);
  const body = envelope(requests.chat);
  return {
    close,
    async run(durationMs) {
      const begin = performance.now();
      const counts = await whole(
        Promise.all(
          Array.from({ length: 16 }, (_, lane) => chat(at(lane), headers, body, begin + durationMs)),
        ),
      );
      return { count: counts.reduce((sum, count) => sum + count, 0), elapsedMs: performance.now() - begin };
    },
  };
};

function chat(
  connection: Http2Connection,
  headers: HeaderList,
  body: Buffer,
  endMs: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let sent = 8;
    let received = 0;
    const stream = startCall(connection, headers, Buffer.concat(Array(sent).fill(body)), false, {
      message(bytes) {
        if (!answers.chat.equals(bytes)) return reject(new Error("the bidi answer is not the right one"));
        received++;
        if (performance.now() < endMs) {
          sent++;
          stream.send(body, false);
        } else if (received === sent) stream.send(Buffer.alloc(0), true);
      },
      end: (failure) => (failure === undefined ? resolve(received) : reject(failure)),
    });
  });
}

/** Connect calls in JSON over 32 kept-alive HTTP/1.1 connections. */
export const jsonLoad: Workload = (target) => {
  const connections = Array.from({ length: 32 }, () => connectHttp1(target.port));
  const bytes = jsonRequest(methodPath("Echo"), JSON.stringify(echoJson), target.jsonHeaders);
  const isRight = createJsonCheck();
  return {
    close() {
      for (const connection of connections) connection.close();
    },
    run: (durationMs) =>
      closedLoop(connections.length, durationMs, (lane, done) =>
        connections[lane]?.request(bytes, (failure, body) =>
          done(failure ?? (isRight(body) ? undefined : new Error(`the answer is ${body}`))),
        ),
      ),
  };
};

/** Connect calls in JSON over HTTP/2, 16 connections with 4 calls each. */
export const jsonHttp2Load: Workload = (target) => {
  const { connections, at, close, whole } = connectAll(target, 16);
  const body = Buffer.from(JSON.stringify(echoJson));
  const headers: HeaderList = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", methodPath("Echo")],
    [":authority", "127.0.0.1"],
    ["content-type", "application/json"],
    ["connect-protocol-version", "1"],
    ...target.jsonHeaders,
  ];
  const isRight = createJsonCheck();
  return {
    close,
    run: (durationMs) =>
      whole(
        closedLoop(connections.length * 4, durationMs, (lane, done) => {
          let answer = "";
          at(lane).open(headers, body, true, {
            data(payload) {
              answer += payload.toString("latin1");
            },
            end: (head) =>
              done(
                head.get(":status") === "200" && isRight(answer)
                  ? undefined
                  : new Error(`the answer is ${head.get(":status")} ${answer}`),
              ),
          });
        }),
      ),
  };
};

/** Whether a body is Echo's answer; a text that was right once is not parsed again. */
function createJsonCheck(): (body: string) => boolean {
  let known = "";
  return (body) => {
    if (body === known) return true;
    const { text, number } = JSON.parse(body) as Record<string, unknown>;
    if (text === smallText && number === echoJson.number) known = body;
    return body === known;
  };
}

/** A unary call whose answer must be `answer`. */
function checkedUnary(
  connection: Http2Connection,
  headers: HeaderList,
  body: Buffer,
  answer: Buffer,
  done: (failure: Error | undefined) => void,
): void {
  let right = 0;
  startCall(connection, headers, body, true, {
    message(bytes) {
      right += answer.equals(bytes) ? 1 : 2;
    },
    end: (failure) =>
      done(failure ?? (right === 1 ? undefined : new Error("the answer is not the right one"))),
  });
}

/** Opens connections; a broken one fails the load that is under way, and ends the benchmark where there is none. */
export function connectAll(
  { port, isEncrypted }: Pick<Target, "port"> & Partial<Pick<Target, "isEncrypted">>,
  count: number,
) {
  const { promise: broken, reject: failed } = Promise.withResolvers<never>();
  const connections = Array.from({ length: count }, () => connectHttp2(port, failed, isEncrypted));
  return {
    connections,
    /** What comes of a load, or the reason for which a connection broke. */
    whole: <T>(load: Promise<T>): Promise<T> => Promise.race([load, broken]),
    at(index: number): Http2Connection {
      const connection = connections[index % count];
      if (connection === undefined) throw new Error("there are no connections");
      return connection;
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
}
