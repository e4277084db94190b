import { MAX_TIMEOUT_MS } from "../../http/protocol.ts";
import type { NodeRequest } from "./http.ts";

/** The call keeps the deadline. The adapter sets a timer too, and a time beyond 2^31-1 ms makes that fire at once. */
export function tameTimeout(request: NodeRequest): void {
  for (const [name, unit] of [
    ["connect-timeout-ms", ""],
    ["grpc-timeout", "m"],
  ] as const) {
    const text = request.headers[name];
    if (typeof text === "string" && /^\d/.test(text)) request.headers[name] = tamed(text, unit);
  }
}

function tamed(text: string, unit: string): string {
  const longest = unit === "" ? Number(text) > MAX_TIMEOUT_MS : /^(\d{4,}H|\d{6,}M|\d{7,}S)$/.test(text);
  return longest ? (unit === "" ? String(MAX_TIMEOUT_MS) : "2147483S") : text;
}
