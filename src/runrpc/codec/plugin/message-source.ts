import { create, type DescField, type DescMessage, type DescOneof, ScalarType } from "@bufbuild/protobuf";
import { ANY, property, quoted, schemaName, shortName, variable } from "./names.ts";
import { readCases } from "./read-source.ts";
import { type NameOf, zeroOf } from "./read-value.ts";
import { isLongAsString, scalarOf } from "./wire.ts";

const IMPLICIT_PRESENCE = 2;

/** Whether protobuf-es tells by an object's prototype which fields of the message are set. */
export function hasPrototype(desc: DescMessage): boolean {
  return Object.getPrototypeOf(create(desc)) !== Object.prototype;
}

/** The functions that read a message, and one that makes it where it is no plain literal. */
export function readerSource(desc: DescMessage, nameOf: NameOf, isGroupToo: boolean): readonly string[] {
  return [
    ...constructorSource(desc),
    `const known${shortName(desc)} = new Set<number>([${desc.fields.map(({ number }) => number).join(", ")}]);`,
    "",
    ...functionSource(desc, nameOf, false),
    ...(isGroupToo ? functionSource(desc, nameOf, true) : []),
  ];
}

function functionSource(desc: DescMessage, nameOf: NameOf, isGroup: boolean): readonly string[] {
  const cases = desc.fields.flatMap((field) => readCases(field, nameOf));
  const name = isGroup ? nameOf("ungroup", desc) : nameOf("read", desc);
  const depth = cases.some((line) => line.includes("depth")) ? "depth" : "_depth";
  const group = isGroup ? ", until: number" : "";
  return [
    `export function ${name}(r: Reader, p: number, end: number, ${depth}: number${group}): ${ANY} {`,
    "const b = r.b;",
    ...desc.members.map((member) => `${declaration(member)};`),
    "let unknowns: UnknownField[] | undefined;",
    isGroup ? "for (;;) {" : "while (p < end) {",
    ...(isGroup ? ["if (p >= end) throw BAIL;"] : []),
    "let tag = b[p++]!;",
    "if (tag > 0x7f) { tag = longTag(r, p); p = r.p; }",
    ...(isGroup ? ["if (tag === until) break;"] : []),
    "switch (tag) {",
    ...cases,
    "default: {",
    `if (known${shortName(desc)}.has(tag >>> 3)) throw BAIL;`,
    "(unknowns ??= []).push(unknownField(r, tag, p, end));",
    "p = r.p;",
    "}",
    "}",
    "}",
    isGroup ? "r.p = p;" : "if (p !== end) throw BAIL;",
    `const m: ${ANY} = ${made(desc)};`,
    "if (unknowns !== undefined) m.$unknown = unknowns;",
    "return m;",
    "}",
    "",
  ];
}

/** The variable of a member, with what it is where nothing is sent. */
function declaration(member: DescField | DescOneof): string {
  const name = variable(member);
  if (member.kind === "oneof") return `let ${name}: Oneof = { case: undefined }`;
  switch (member.fieldKind) {
    case "list":
      return `const ${name}: unknown[] = []`;
    case "map":
      return `const ${name}: Record<string, unknown> = {}`;
  }
  const scalar = scalarOf(member);
  if (scalar === undefined || !isAlwaysThere(member)) return `let ${name}: ${ANY}`;
  if (scalar === ScalarType.BYTES) return `let ${name}: Uint8Array = noBytes`;
  return `let ${name} = ${member.enum?.values[0]?.number ?? zeroOf(scalar, isLongAsString(member))}`;
}

/** Whether the message has this property also where nothing was sent. */
function isAlwaysThere(member: DescField | DescOneof): boolean {
  if (member.kind === "oneof" || member.fieldKind === "list" || member.fieldKind === "map") return true;
  return member.fieldKind !== "message" && member.presence === IMPLICIT_PRESENCE;
}

function needsConstructor(desc: DescMessage): boolean {
  return hasPrototype(desc) || !desc.members.every(isAlwaysThere);
}

/** The message of its variables. A literal, whose shape V8 knows; one with members that may be absent is constructed. */
function made(desc: DescMessage): string {
  const names = desc.members.map(variable);
  if (needsConstructor(desc)) return `new ${constructorName(desc)}(${names.join(", ")})`;
  const members = desc.members.map((member) => `${member.localName}: ${variable(member)}`);
  return `{ ${[`$typeName: ${quoted(desc.typeName)}`, ...members].join(", ")} }`;
}

/** A function whose objects are plain ones: assigned to a literal, each member would cost a place outside of the object. */
function constructorSource(desc: DescMessage): readonly string[] {
  if (!needsConstructor(desc)) return [];
  const name = constructorName(desc);
  const parameters = [`this: ${ANY}`, ...desc.members.map((member) => `${variable(member)}: any`)];
  const prototype = hasPrototype(desc)
    ? `Object.getPrototypeOf(create(${schemaName(desc)}))`
    : "Object.prototype";
  return [
    `const ${name}: ${ANY} = function (${parameters.join(", ")}) {`,
    `this.$typeName = ${quoted(desc.typeName)};`,
    ...desc.members.map((member) => {
      const assignment = `${property("this", member)} = ${variable(member)};`;
      return isAlwaysThere(member) ? assignment : `if (${variable(member)} !== undefined) ${assignment}`;
    }),
    "};",
    `${name}.prototype = ${prototype};`,
    "",
  ];
}

function constructorName(desc: DescMessage): string {
  return `Made${shortName(desc)}`;
}
