import { threadId } from "node:worker_threads";
import { Code, ConnectError } from "@connectrpc/connect";

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

export const thread = (_input: undefined): number => threadId;

export function fails(how: "range" | "connect"): never {
  if (how === "connect") throw new ConnectError("nothing there", Code.NotFound);
  throw Object.assign(new RangeError("too far"), { code: "E_FAR" });
}

export function polls(_input: undefined, { signal }: { readonly signal: AbortSignal }): void {
  while (!signal.aborted) Math.sqrt(2);
}

export function spins(_input: undefined): void {
  for (;;);
}

export const same = (input: unknown): unknown => input;

export const wrapped = (_input: undefined): unknown => ({ run: () => 1 });
