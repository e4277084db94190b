import { Code, ConnectError } from "@connectrpc/connect";

/** How far somebody has been told of ended calls, for another stream that goes on from there. */
export interface Position {
  /** When it was told, in milliseconds since 1970. */
  readonly atMs: number;
  /** `next` of the last look of each process, by its name. */
  readonly places: Readonly<Record<string, number>>;
}

/** As clients have it, who read nothing in it. */
export function textOfPosition({ atMs, places }: Position): string {
  return Buffer.from(JSON.stringify([atMs, places])).toString("base64url");
}

/** @throws ConnectError with InvalidArgument for a text that `textOfPosition` has not made */
export function positionFromText(text: string): Position {
  const [atMs, places] = jsonIn(text);
  if (!isCount(atMs) || typeof places !== "object" || places === null) throw notOurs();
  const entries = Object.entries(places);
  if (!entries.every(([, place]) => isCount(place))) throw notOurs();
  return { atMs, places: Object.fromEntries(entries) };
}

function jsonIn(text: string): readonly unknown[] {
  try {
    const json: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    return Array.isArray(json) ? json : [];
  } catch {
    return [];
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function notOurs(): ConnectError {
  return new ConnectError("after is no position of an answer of Watch", Code.InvalidArgument);
}
