import { type DescField, type DescMessage, type DescOneof, isMessage } from "@bufbuild/protobuf";
import { closest, didYouMean } from "../../closest.ts";

/** Whether it is an object that is nothing else: an object literal, also of another realm, or an instance of a class. */
export function isInitializer(value: unknown): value is object {
  if (typeof value !== "object" || value === null || "$typeName" in value) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === Object.prototype ||
    prototype === null ||
    Object.prototype.toString.call(value) === "[object Object]"
  );
}

/** What a value is, without what is in it. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  if ("$typeName" in value) return `a message ${String(value.$typeName).slice(0, 100)}`;
  return Object.prototype.toString.call(value).slice(0, 100);
}

/**
 * Looks for what `create` overlooks in an initialiser: a field that the message does not have, at any depth, and a value
 * where a message belongs. tsc does not see it in what an async function returns.
 *
 * @throws TypeError that names the field.
 */
export function checkInitializer(desc: DescMessage, value: object, path = ""): void {
  for (const [name, member] of Object.entries(value)) {
    if (name === "$typeName" || name === "$unknown") continue;
    const field = desc.fields.find(({ localName }) => localName === name);
    const oneof = desc.oneofs.find(({ localName }) => localName === name);
    const at = `${path}${name}`;
    if (oneof !== undefined) checkOneof(oneof, member, at);
    else if (field === undefined) throw new TypeError(`${at}: ${noField(desc, name)}`);
    else if (field.oneof !== undefined)
      throw new TypeError(
        `${at}: ${desc.typeName} has it as { ${field.oneof.localName}: { case: "${name}", value } }`,
      );
    else checkField(field, member, at);
  }
}

function noField({ typeName, fields, oneofs }: DescMessage, name: string): string {
  const known = [...fields.filter(({ oneof }) => oneof === undefined), ...oneofs].map(
    ({ localName }) => localName,
  );
  const near = didYouMean(closest(name, known));
  return `${typeName} has no field ${name.slice(0, 100)}${near || `; there are ${known.join(", ")}`}`;
}

function checkOneof(oneof: DescOneof, member: unknown, path: string): void {
  if (member === undefined || member === null) return;
  const { case: name, value } = member as { readonly case?: unknown; readonly value?: unknown }; // looked at below
  if (name === undefined) return;
  const field = oneof.fields.find(({ localName }) => localName === name);
  if (field === undefined) {
    const known = oneof.fields.map(({ localName }) => localName);
    throw new TypeError(`${path}: the case ${nameOfCase(name)} is none of ${known.join(", ")}`);
  }
  checkField(field, value, `${path}.`);
}

function nameOfCase(name: unknown): string {
  return typeof name === "string" ? name.slice(0, 100) : nameOf(name);
}

function checkField(field: DescField, value: unknown, path: string): void {
  const { message } = field;
  if (message === undefined || value === undefined || value === null) return;
  if (field.fieldKind === "message") checkMessage(message, value, path);
  else for (const [key, element] of Object.entries(value)) checkMessage(message, element, `${path}[${key}]`);
}

/** The types that are written as another value than an object of their fields. */
const HAVE_A_SHAPE_OF_THEIR_OWN = /^google\.protobuf\.(\w+Value|Value|Struct)$/;

function checkMessage(desc: DescMessage, value: unknown, path: string): void {
  if (isMessage(value, desc) || HAVE_A_SHAPE_OF_THEIR_OWN.test(desc.typeName)) return;
  if (!isInitializer(value) || typeof (value as { then?: unknown }).then === "function")
    throw new TypeError(`${path}: ${nameOf(value)} is no ${desc.typeName}`);
  checkInitializer(desc, value, `${path}.`);
}
