import { type DescMessage, ScalarType } from "@bufbuild/protobuf";

/** Says what happens to a value that an expression of generated code gives. */
export type Give = (expression: string) => string;

/** How functions of messages are called in the file that is written. No verb begins with another one: `readGroup` of `X` would be `read` of `GroupX`. */
export type NameOf = (verb: "read" | "ungroup" | "write", desc: DescMessage) => string;

/** Reads a length at `p`: what it counts ends at `e`. */
export const readLength: readonly string[] = [
  "let n = b[p++]!;",
  "if (n > 0x7f) { n = varint(r, p); p = r.p; }",
  "const e = p + n;",
  // Not `>`: past the end of the buffer `e` is no number.
  "if (!(e <= end)) throw BAIL;",
];

/** Statements that read a scalar at `p`, give it away, and leave `p` behind it. */
export function readScalar(scalar: ScalarType, give: Give, isText = false): readonly string[] {
  const long: Give = (expression) => give(isText ? `String(${expression})` : expression);
  switch (scalar) {
    case ScalarType.INT32:
      return [...readVarint("varint(r, p) | 0"), give("v")];
    case ScalarType.UINT32:
      return [...readVarint("varint(r, p)"), give("v")];
    case ScalarType.SINT32:
      return [...readVarint("varint(r, p)"), give("(v >>> 1) ^ -(v & 1)")];
    case ScalarType.BOOL:
      return [
        "const v = b[p++]!;",
        `if (v > 0x7f) { ${give("bool(r, p - 1)")} p = r.p; } else ${give("v !== 0")}`,
      ];
    case ScalarType.INT64:
      return [long("int64(r, p)"), "p = r.p;"];
    case ScalarType.UINT64:
      return [long("uint64(r, p)"), "p = r.p;"];
    case ScalarType.SINT64:
      return [long("sint64(r, p)"), "p = r.p;"];
    case ScalarType.FIXED32:
      return [give("fixed32(b, p)"), "p += 4;"];
    case ScalarType.SFIXED32:
      return [give("sfixed32(b, p)"), "p += 4;"];
    case ScalarType.FLOAT:
      return [give("float(b, p)"), "p += 4;"];
    case ScalarType.DOUBLE:
      return [give("double(b, p)"), "p += 8;"];
    case ScalarType.FIXED64:
      return [long("fixed64(b, p)"), "p += 8;"];
    case ScalarType.SFIXED64:
      return [long("sfixed64(b, p)"), "p += 8;"];
    case ScalarType.STRING:
      return [...readLength, give("text(b, p, e)"), "p = e;"];
    case ScalarType.BYTES:
      return [...readLength, give("bytes(b, p, e)"), "p = e;"];
  }
}

function readVarint(long: string): readonly string[] {
  return ["let v = b[p++]!;", `if (v > 0x7f) { v = ${long}; p = r.p; }`];
}

/** What a scalar is where nothing was sent, as an expression. */
export function zeroOf(scalar: ScalarType, isText = false): string {
  switch (scalar) {
    case ScalarType.STRING:
      return '""';
    case ScalarType.BYTES:
      return "new Uint8Array(0)";
    case ScalarType.BOOL:
      return "false";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return isText ? '"0"' : "0n";
    default:
      return "0";
  }
}
