/** What a content type says, once it is spelt in the one way that everybody else compares with. */
export type Wire = "connect-unary" | "connect-stream" | "grpc" | "grpc-web" | "grpc-web-text";

/** The content types of requests that are served, in the order in which `accept-post` names them. */
const SERVED: ReadonlyMap<string, Wire> = new Map([
  ["application/json", "connect-unary"],
  ["application/proto", "connect-unary"],
  ["application/connect+json", "connect-stream"],
  ["application/connect+proto", "connect-stream"],
  ["application/grpc", "grpc"],
  ["application/grpc+proto", "grpc"],
  ["application/grpc+json", "grpc"],
  ["application/grpc-web", "grpc-web"],
  ["application/grpc-web+proto", "grpc-web"],
  ["application/grpc-web+json", "grpc-web"],
  ["application/grpc-web-text", "grpc-web-text"],
  ["application/grpc-web-text+proto", "grpc-web-text"],
  ["application/grpc-web-text+json", "grpc-web-text"],
]);

/** Spellings that clients use often, known without a look at their parts. */
const OFTEN: ReadonlyMap<string, string> = new Map([
  ...[...SERVED.keys()].map((type) => [type, type] as const),
  ["application/json; charset=utf-8", "application/json"],
]);

/**
 * A content type of a request in lower case and without parameters, which say nothing of these types (RFC 9110, 8.3.1):
 * `Application/GRPC; charset=utf-8` is `application/grpc`. JSON is UTF-8 and nothing else (RFC 8259, 8.1): with another
 * charset it stays what it is, and is not served; so does what is unknown.
 */
export function plainContentType(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const known = OFTEN.get(given);
  if (known !== undefined) return known;
  if (given.includes(",")) return given; // two that were sent, of which none is meant
  const [type = "", ...parameters] = given.split(";");
  const plain = type.trim().toLowerCase();
  if (!SERVED.has(plain)) return given;
  return plain.endsWith("json") && !parameters.every(isNoOtherCharset) ? given : plain;
}

/** What is spoken in a body of this content type, as `plainContentType` gives it; undefined where it is not served. */
export function wireOf(plain: string | undefined): Wire | undefined {
  return plain === undefined ? undefined : SERVED.get(plain);
}

/** The content types that a method of this kind takes. */
export function typesFor(isUnary: boolean): string {
  const other = isUnary ? "connect-stream" : "connect-unary";
  return [...SERVED].flatMap(([type, wire]) => (wire === other ? [] : [type])).join(", ");
}

function isNoOtherCharset(parameter: string): boolean {
  const [name = "", value = ""] = parameter.split("=", 2);
  if (name.trim().toLowerCase() !== "charset") return true;
  return /^"?utf-?8"?$/i.test(value.trim());
}
