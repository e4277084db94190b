import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { buildGoCodec } from "./go.ts";

/** A message, and what is to be done with it so many times. */
export interface GoOrder {
  /** Such as `bench.v1.EchoRequest`; peers/go/codec/main.go lists them. */
  readonly message: string;
  readonly bytes: Buffer;
  readonly verb: "decode" | "encode";
  readonly times: number;
}

/** Go's `proto.Unmarshal` and `proto.Marshal`, in a process of its own. */
export interface GoCodec {
  /** Nanoseconds of CPU a message. */
  nanosecondsOf(order: GoOrder): Promise<number>;
  close(): void;
}

/** Undefined, with the reason printed, where there is no Go. */
export async function startGoCodec(): Promise<GoCodec | undefined> {
  const program = await buildGoCodec();
  if (program === undefined) return undefined;
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async nanosecondsOf({ bytes, ...order }) {
      child.stdin.write(`${JSON.stringify({ ...order, bytes: bytes.toString("base64") })}\n`);
      const { value, done } = await answers.next();
      if (done === true) throw new Error(`Go's program has ended: ${JSON.stringify(order)}`);
      return Number(value);
    },
    close: () => child.stdin.end(),
  };
}
