// Calls WireService with @grpc/grpc-js, and prints what came of each scenario as a line, as scenarios.ts has them.
// Usage: grpc-js.ts host:port [ca.crt]
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BytesValueSchema, UInt32ValueSchema } from "@bufbuild/protobuf/wkt";
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  makeGenericClientConstructor,
  type ServiceError,
  status,
} from "@grpc/grpc-js";

const LARGE_BYTES = 3 * 2 ** 20;
const MANY = 20_000;
const IN_TURN = 100;

const bytes = {
  to: (value: Uint8Array) => Buffer.from(toBinary(BytesValueSchema, create(BytesValueSchema, { value }))),
  from: (data: Buffer) => Buffer.from(fromBinary(BytesValueSchema, data).value),
};
const number = {
  to: (value: number) => Buffer.from(toBinary(UInt32ValueSchema, create(UInt32ValueSchema, { value }))),
  from: (data: Buffer) => fromBinary(UInt32ValueSchema, data).value,
};
const nothing = { to: () => Buffer.alloc(0), from: () => undefined };

function method<Q, A>(
  name: string,
  request: { to(value: Q): Buffer; from(data: Buffer): Q },
  answer: { to(value: A): Buffer; from(data: Buffer): A },
  [requestStream, responseStream]: readonly [boolean, boolean],
) {
  return {
    path: `/rig.wire.v1.WireService/${name}`,
    requestStream,
    responseStream,
    requestSerialize: request.to,
    requestDeserialize: request.from,
    responseSerialize: answer.to,
    responseDeserialize: answer.from,
  };
}

const Client = makeGenericClientConstructor(
  {
    echo: method("Echo", bytes, bytes, [false, false]),
    count: method("Count", number, number, [false, true]),
    sum: method("Sum", number, number, [true, false]),
    chat: method("Chat", bytes, bytes, [true, true]),
    hang: method("Hang", nothing, number, [false, true]),
    nothing: method("Nothing", nothing, nothing, [false, false]),
  },
  "WireService",
);

type Done<A> = (error: ServiceError | null, answer: A) => void;

/** The constructor knows its methods at run time alone. */
interface Calls {
  echo(request: Uint8Array, done: Done<Buffer>): void;
  count(request: number): ClientReadableStream<number>;
  sum(done: Done<number>): ClientDuplexStream<number, never>;
  chat(): ClientDuplexStream<Uint8Array, Buffer>;
  hang(request: undefined, options: { readonly deadline?: number }): ClientReadableStream<number>;
  nothing(request: undefined, done: Done<undefined>): void;
  close(): void;
}

const [address = "", caFile] = process.argv.slice(2);
const secure =
  caFile === undefined ? credentials.createInsecure() : credentials.createSsl(readFileSync(caFile));
const client = new Client(address, secure) as unknown as Calls;

report("unary", (await echo(Buffer.from("hello"))).toString());
report("server_streaming", (await Array.fromAsync(client.count(3))).join(" "));
report("client_streaming", await sum(100));

const inTurn = client.chat();
for (let round = 0; round < IN_TURN; round++) {
  inTurn.write(message(round));
  const [answer] = await once(inTurn, "data");
  assert.deepEqual(answer, message(round));
}
inTurn.end();
await once(inTurn, "end");
report("bidi_streaming", IN_TURN);

const sent = Buffer.alloc(LARGE_BYTES, "0123456789abcdef");
const large = await echo(sent);
report("large", `${large.length} ${large.equals(sent)}`);

const received = await Array.fromAsync(client.count(MANY));
assert.ok(received.every((value, index) => value === index + 1));
report("many_out", received.length);
report("many_in", await sum(MANY));

const atOnce = client.chat();
for (let round = 0; round < MANY; round++) atOnce.write(message(round));
atOnce.end();
let rounds = 0;
for await (const answer of atOnce) assert.ok(message(rounds++).equals(answer));
report("many_both", rounds);

const left = client.hang(undefined, {});
const [first] = await once(left, "data");
left.cancel();
const [cancelled] = await once(left, "error");
assert.equal(cancelled.code, status.CANCELLED);
report("cancel", first);

const expiring = client.hang(undefined, { deadline: Date.now() + 300 }).resume();
report("deadline", nameOf((await once(expiring, "error"))[0]));
report(
  "unknown",
  await new Promise((resolve) => client.nothing(undefined, (error) => resolve(nameOf(error)))),
);
client.close();

function echo(data: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    client.echo(data, (error, answer) => (error === null ? resolve(answer) : reject(error))),
  );
}

function sum(to: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = client.sum((error, answer) => (error === null ? resolve(answer) : reject(error)));
    for (let value = 1; value <= to; value++) call.write(value);
    call.end();
  });
}

function message(round: number): Buffer {
  return Buffer.from(`message ${round}`);
}

function nameOf(error: ServiceError | null): string {
  return status[error?.code ?? status.OK];
}

function report(name: string, outcome: unknown): void {
  console.log(`${name} ${outcome}`);
}
