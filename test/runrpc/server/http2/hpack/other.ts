import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { python } from "../../../../wire/tools.ts";

export type Headers = readonly (readonly [name: string, value: string])[];

export interface Order {
  /** Connections whose blocks the other implementation makes. */
  readonly encode?: readonly { readonly seed: number; readonly blocks: number }[];
  /** Connections whose blocks it reads, each with the greatest table size at that moment. */
  readonly decode?: readonly (readonly { readonly hex: string; readonly limit: number }[])[];
}

export interface Answer {
  readonly encode: readonly (readonly { readonly hex: string; readonly headers: Headers }[])[];
  /** The headers of each block, or the name of an error, which is the last of its connection. */
  readonly decode: readonly (readonly (Headers | string)[])[];
}

export const skip = python().skip;

/** Asks another implementation of HPACK: `hpack` of Python's h2. */
export async function askOther(order: Order): Promise<Answer> {
  const script = fileURLToPath(new URL("other.py", import.meta.url));
  const child = spawn(python().path, [script], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(order));
  return JSON.parse(await text(child.stdout));
}
