import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** How one message is read and written, as `buf generate` writes it. */
export interface MessageCodec {
  /** Such as `users.v1.User`. */
  readonly typeName: string;
  /** What it was written for: see `shapeOf`. */
  readonly shape: string;
  /** Reads what lies between `p` and `end`; `depth` is 1 for a message that lies in no other. Bails at what is irregular. */
  readonly read: (r: Reader, p: number, end: number, depth: number) => unknown;
  /** Writes a message, or an initialiser where `isWhole` is false, from `p` on, and gives where it ends. Bails alike. */
  readonly write: (w: Writer, m: unknown, p: number, isWhole: boolean) => number;
}
