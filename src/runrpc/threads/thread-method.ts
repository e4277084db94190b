import type { DescMethod, Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { FindCodec } from "../codec/codecs.ts";
import { HEAD_BYTES } from "../server/routes/bytes-handler.ts";
import { createAdmission } from "../server/routes/whole-message.ts";
import type { Pace } from "./sync-line.ts";

/** A method with its function, in a thread. */
export interface ThreadMethod {
  readonly method: DescMethod;
  readonly run: (input: unknown, context: unknown) => unknown;
  /** @throws ConnectError `invalid_argument` for bytes that are no such message. */
  decode(bytes: Buffer): Message;
  /** What the function gave, behind `HEAD_BYTES`. @throws Error for what is no such message. */
  encode(value: unknown): Buffer;
  /** It never gives the thread back while it runs: what it yields has to leave before it goes on. */
  readonly isSync: boolean;
  readonly pace: Pace;
}

export function createThreadMethod(
  method: DescMethod,
  functions: object,
  run: (...args: unknown[]) => unknown,
  { find, strictAnswers }: { readonly find: FindCodec; readonly strictAnswers: boolean },
): ThreadMethod {
  const admit = createAdmission(method.output, strictAnswers);
  const input = find(method.input);
  const output = find(method.output);
  return {
    method,
    run: (request, context) => run.call(functions, request, context),
    decode(bytes) {
      try {
        return input.decode(ownBytes(bytes));
      } catch (reason) {
        const text = reason instanceof Error ? reason.message : String(reason);
        throw new ConnectError(`parse binary: ${text}`, Code.InvalidArgument);
      }
    },
    encode: (value) => output.encode(admit(value), HEAD_BYTES),
    isSync: isSync(run),
    pace: { longestMs: 0 },
  };
}

/** Fields of type `bytes` are views of them: one that is kept should keep no whole batch. */
function ownBytes(bytes: Buffer): Uint8Array {
  return 2 * bytes.length < bytes.buffer.byteLength ? Uint8Array.prototype.slice.call(bytes) : bytes;
}

/** What is neither async nor gives a promise holds its thread. */
function isSync(run: object): boolean {
  const name = Object.prototype.toString.call(run);
  return name !== "[object AsyncFunction]" && name !== "[object AsyncGeneratorFunction]";
}
