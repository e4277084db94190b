import type { Random } from "../../runrpc/server/lanes/differential/random.ts";

type Headers = Record<string, string>;

/** Values that one header may have instead of its own. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  "content-type": [
    "",
    "application/json; charset=utf-8",
    "application/json; charset=latin1",
    "APPLICATION/JSON",
    "application/proto",
    "application/grpc",
    "application/grpc;charset=utf-8",
    "application/grpc+json",
    "application/grpc+thrift",
    "application/grpc-web",
    "application/grpc-web-text",
    "application/connect+json",
    "application/connect+xml",
    "text/html",
    "application/",
    "*/*",
    "application/json, application/proto",
  ],
  "content-encoding": ["gzip", "br", "identity", "zip", "gzip, gzip", ""],
  "connect-content-encoding": ["gzip", "br", "identity", "zip", ""],
  "grpc-encoding": ["gzip", "br", "identity", "zip", ""],
  "accept-encoding": ["gzip", "br;q=1.0, *;q=0", "gzip;q=0", "x".repeat(500)],
  "grpc-accept-encoding": ["gzip", "identity,gzip,br", ",,,", "zip"],
  "connect-accept-encoding": ["gzip", "br", ",", "zip"],
  // None that is over before the call is answered: those have a row of their own.
  "grpc-timeout": ["20S", "99999999H", "100000000S", "1", "S", "-1S", "1.5S", "+1S", " 1S", "1s", ""],
  "connect-timeout-ms": ["20000", "9999999999", "10000000000", "-1", "1.5", "1e3", "", " ", "NaN", "0x10"],
  "connect-protocol-version": ["1", "2", "", "1.0"],
  "x-request-id": ["", "a".repeat(2_000), "a b", '"', "%0a", "\u00e9", "\t"],
  "user-agent": ["", "grpc-node-js/1.0", "a".repeat(4_000)],
  authorization: ["Bearer ", "Basic YTpi", "bearer x", "Bearer a b"],
  traceparent: ["00-0-0-0", "ff-00000000000000000000000000000000-0000000000000000-00"],
  "x-forwarded-for": ["1.2.3.4", "unknown", "a".repeat(1_000)],
  "x-data-bin": ["AAEC", "!!!", "A", "AA==,AA=="],
  origin: ["null", "http://evil.example", "x"],
  expect: ["100-continue"],
};
const NAMES = Object.keys(VALUES);

/** Headers with one to three of them changed, added or left out. */
export function mutateHeaders(headers: Headers, random: Random): Headers {
  const changed = { ...headers };
  for (let count = 1 + random.below(3); count > 0; count--) {
    const name = random.pick(NAMES);
    if (random.chance(0.1)) delete changed[name];
    else changed[name] = random.pick(VALUES[name] ?? [""]);
  }
  return changed;
}

/** A path that is near a good one. */
export function mutatePath(path: string, random: Random): string {
  return random.pick([
    `${path}/`,
    `${path}?a=b`,
    `${path}%20`,
    path.toLowerCase(),
    path.replace("/", "/./"),
    path.replaceAll(".", "%2e"),
    path.slice(0, -1),
    `/api${path}`,
    "/",
    "/__proto__/constructor",
    `/${"a".repeat(3_000)}/b`,
    path.split("/").slice(0, 2).join("/"),
    `${path}?connect=v1&encoding=json&message=%7B%7D`,
    `${path}?connect=v1&encoding=proto&base64=1&message=!!!`,
    `${path}?connect=v1&encoding=json&message=%ff&compression=gzip`,
  ]);
}

export const METHODS: readonly string[] = ["GET", "PUT", "OPTIONS", "HEAD", "DELETE", "PATCH", "TRACE"];
