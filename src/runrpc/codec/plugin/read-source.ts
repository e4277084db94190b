import type { DescField } from "@bufbuild/protobuf";
import { ANY, quoted, variable } from "./names.ts";
import { type Give, type NameOf, readLength, readScalar, zeroOf } from "./read-value.ts";
import {
  calledBy,
  isDelimited,
  isJson,
  isLongAsString,
  isUnwrapped,
  LENGTH_DELIMITED,
  START_GROUP,
  scalarOf,
  tagOf,
  wireTypeOf,
} from "./wire.ts";

/** The cases of the `switch` over tags that read a field. What comes with another tag of the field is irregular. */
export function readCases(field: DescField, nameOf: NameOf): readonly string[] {
  switch (field.fieldKind) {
    case "list":
      return readList(field, nameOf);
    case "map":
      return readMap(field, nameOf);
    default:
      return readSingle(field, nameOf);
  }
}

function readSingle(field: DescField, nameOf: NameOf): readonly string[] {
  const target = variable(field.oneof ?? field);
  const give: Give =
    field.oneof === undefined
      ? (value) => `${target} = ${value};`
      : (value) => `${target} = { case: ${quoted(field.localName)}, value: ${value} };`;
  const scalar = scalarOf(field);
  if (scalar !== undefined) {
    const checked: Give = (value) => `${closedCheck(field, value)}${give(value)}`;
    return kase(
      field,
      tagOf(field.number, wireTypeOf(scalar)),
      readScalar(scalar, checked, isLongAsString(field)),
    );
  }
  // A message that comes twice is merged, by protobuf-es.
  const isThere =
    field.oneof === undefined ? `${target} !== undefined` : `${target}.case === ${quoted(field.localName)}`;
  return readMessage(field, nameOf, give, `if (${isThere}) throw BAIL;`);
}

/** A closed enum keeps values that it does not have among the unknown fields: protobuf-es does. */
function closedCheck({ enum: desc }: DescField, value: string): string {
  if (desc === undefined || desc.open) return "";
  return `if (${desc.values.map(({ number }) => `${value} !== ${number}`).join(" && ")}) throw BAIL;\n`;
}

function readList(field: DescField, nameOf: NameOf): readonly string[] {
  const give: Give = (value) => `${variable(field)}.push(${value});`;
  const scalar = scalarOf(field);
  if (scalar === undefined) return readMessage(field, nameOf, give);
  const wireType = wireTypeOf(scalar);
  const one = readScalar(scalar, give, isLongAsString(field));
  const single = kase(field, tagOf(field.number, wireType), one);
  if (wireType === LENGTH_DELIMITED) return single;
  // Both forms are read, whichever the schema asks for.
  const packed = [...readLength, "while (p < e) {", ...one, "}", "if (p !== e) throw BAIL;"];
  return [...single, ...kase(field, tagOf(field.number, LENGTH_DELIMITED), packed)];
}

function readMap(field: DescField & { fieldKind: "map" }, nameOf: NameOf): readonly string[] {
  const scalar = scalarOf(field);
  const zero =
    scalar === undefined ? undefined : (field.enum?.values[0]?.number.toString() ?? zeroOf(scalar));
  const keyTag = tagOf(1, wireTypeOf(field.mapKey));
  const valueTag = tagOf(2, scalar === undefined ? LENGTH_DELIMITED : wireTypeOf(scalar));
  const give: Give = (value) => `x = ${value};`;
  const value =
    scalar === undefined
      ? ["if (x !== undefined) throw BAIL;", ...lengthOfMessage, give(messageAt(field, nameOf)), "p = e;"]
      : readScalar(scalar, give);
  return kase(field, tagOf(field.number, LENGTH_DELIMITED), [
    ...readLength,
    "const outer = end;",
    "end = e;",
    `let k: string | number | bigint | boolean = ${zeroOf(field.mapKey)};`,
    `let x: ${ANY};`,
    "while (p < end) {",
    "switch (b[p++]) {",
    `case ${keyTag}: {`,
    ...readScalar(field.mapKey, (text) => `k = ${text};`),
    "break;",
    "}",
    `case ${valueTag}: {`,
    ...value,
    "break;",
    "}",
    "default: throw BAIL;",
    "}",
    "}",
    "if (p !== end) throw BAIL;",
    "end = outer;",
    ...(zero === undefined ? ["if (x === undefined) throw BAIL;"] : [`if (x === undefined) x = ${zero};`]),
    `setEntry(${variable(field)}, k, x);`,
  ]);
}

const lengthOfMessage = [...readLength, "if (depth > 99) throw BAIL;"];

function readMessage(field: DescField, nameOf: NameOf, give: Give, before?: string): readonly string[] {
  const first = before === undefined ? [] : [before];
  const message = calledBy(field);
  if (isDelimited(field) && message !== undefined) {
    const call = `${nameOf("ungroup", message)}(r, p, end, depth + 1, ${tagOf(field.number, START_GROUP) + 1})`;
    return kase(field, tagOf(field.number, START_GROUP), [
      ...first,
      "if (depth > 99) throw BAIL;",
      give(call),
      "p = r.p;",
    ]);
  }
  return kase(field, tagOf(field.number, LENGTH_DELIMITED), [
    ...first,
    ...lengthOfMessage,
    give(messageAt(field, nameOf)),
    "p = e;",
  ]);
}

/** The call that reads what lies between `p` and `e`, in the form that protobuf-es has it in such a field. */
function messageAt(field: DescField, nameOf: NameOf): string {
  const message = calledBy(field);
  if (message === undefined || isJson(field)) return "struct(r, p, e, depth + 1)";
  const call = `${nameOf("read", message)}(r, p, e, depth + 1)`;
  return isUnwrapped(field) ? `${call}.value` : call;
}

function kase({ name }: DescField, tag: number, body: readonly string[]): readonly string[] {
  return [`case ${tag}: { // ${name}`, ...body, "break;", "}"];
}
