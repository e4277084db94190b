import { type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { inexactJson } from "./inexact-json.ts";
import { HALF_A_PAIR, typeOf } from "./inexact-words.ts";

/**
 * What of a message its fields cannot carry as it is: the path to the first such value and what is wrong with it, such as
 * `notes[2].text: the text holds half a surrogate pair`. Undefined: nothing.
 */
export type FindInexact = (message: Message) => string | undefined;

/** The same of one value, whose path begins behind it. */
type Look = (value: unknown) => string | undefined;

const finders = new WeakMap<DescMessage, Look>();

/**
 * Looks for what protobuf-es writes as another value in silence: it takes text, booleans and numbers for one another (`"0x10"` in an int64
 * is 16, `"false"` in a bool is true), and half a surrogate pair for U+FFFD. A codec bails at all of these, so that whoever writes by
 * protobuf-es instead is the one who looks.
 */
export function findInexact(desc: DescMessage, message: Message): string | undefined {
  return lookAt(desc)(message)?.replace(/^\.|^: /, "");
}

/** Made when it is first used: a message may hold itself. */
function lookAt(desc: DescMessage): Look {
  const known = finders.get(desc);
  if (known !== undefined) return known;
  let looks: readonly (readonly [DescField, Look])[] | undefined;
  const look: Look = (message) => {
    looks ??= desc.fields.map((field) => [field, lookAtField(field)] as const);
    const values = message as Readonly<Record<string, unknown>>; // a message of this type: `create` made it, or it says so
    for (const [field, lookAtValue] of looks) {
      const value = valueIn(values, field);
      if (value === undefined) continue;
      const found = lookAtValue(value);
      if (found !== undefined) return `.${field.localName}${found}`;
    }
    return undefined;
  };
  finders.set(desc, look);
  return look;
}

function valueIn(values: Readonly<Record<string, unknown>>, { oneof, localName }: DescField): unknown {
  if (oneof === undefined) return values[localName];
  const chosen = values[oneof.localName] as { readonly case?: unknown; readonly value?: unknown } | undefined;
  return chosen?.case === localName ? chosen.value : undefined;
}

function lookAtField(field: DescField): Look {
  const one = lookAtOne(field);
  switch (field.fieldKind) {
    case "list":
      return (list) => (Array.isArray(list) ? firstOf(list.entries(), one) : `: ${typeOf(list)} is no list`);
    case "map": {
      const key = lookAtKey(field.mapKey);
      return (map) => {
        if (typeof map !== "object" || map === null || Array.isArray(map))
          return `: ${typeOf(map)} is no map`;
        for (const [name, value] of Object.entries(map)) {
          const found = key(name) ?? one(value);
          if (found !== undefined) return `[${JSON.stringify(name.slice(0, MAX_NAME_CHARS))}]${found}`;
        }
        return undefined;
      };
    }
    default:
      return one;
  }
}

/** Of a map's key in a path, in characters. */
const MAX_NAME_CHARS = 64;

function firstOf(entries: Iterable<readonly [unknown, unknown]>, look: Look): string | undefined {
  for (const [key, value] of entries) {
    const found = look(value);
    if (found !== undefined) return `[${key}]${found}`;
  }
  return undefined;
}

function lookAtOne(field: DescField): Look {
  const { message, scalar } = field;
  if (message === undefined) {
    const takesDigits = field.fieldKind !== "map" && "longAsString" in field && field.longAsString;
    return lookAtScalar(scalar ?? ScalarType.INT32, takesDigits);
  }
  if (message.typeName === STRUCT && field.parent.typeName !== "google.protobuf.Value") return inexactJson;
  const own = lookAt(message);
  const [wrapped] = message.fields;
  if (field.fieldKind !== "message" || field.oneof !== undefined || !isWrapperDesc(message) || !wrapped)
    return (value) => (typeof value === "object" && value !== null ? own(value) : undefined);
  return lookAtOne(wrapped);
}

const STRUCT = "google.protobuf.Struct";

function lookAtScalar(scalar: ScalarType, takesDigits: boolean): Look {
  const name = ScalarType[scalar].toLowerCase();
  const isRight = rightTypeOf(scalar, takesDigits);
  const ofType: Look = (value) => (isRight(value) ? undefined : `: ${typeOf(value)} is no ${name}`);
  if (scalar !== ScalarType.STRING) return ofType;
  return (value) => ofType(value) ?? ((value as string).isWellFormed() ? undefined : `: ${HALF_A_PAIR}`); // text by then
}

function rightTypeOf(scalar: ScalarType, takesDigits: boolean): (value: unknown) => boolean {
  switch (scalar) {
    case ScalarType.STRING:
      return (value) => typeof value === "string";
    case ScalarType.BOOL:
      return (value) => typeof value === "boolean";
    case ScalarType.BYTES:
      return (value) => value instanceof Uint8Array;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return takesDigits
        ? (value) => typeof value === "bigint" || (typeof value === "string" && DIGITS.test(value))
        : (value) => typeof value === "bigint";
    default:
      return (value) => typeof value === "number";
  }
}

const DIGITS = /^-?\d{1,40}$/;

/** A key of a map is the name of a property. */
function lookAtKey(scalar: ScalarType): Look {
  const name = ScalarType[scalar].toLowerCase();
  switch (scalar) {
    case ScalarType.STRING:
      return (key) => ((key as string).isWellFormed() ? undefined : `: ${HALF_A_PAIR}`); // a name
    case ScalarType.BOOL:
      return (key) => (key === "true" || key === "false" ? undefined : `: the key is no ${name}`);
    default:
      return (key) => (INTEGER_KEY.test(String(key)) ? undefined : `: the key is no ${name}`);
  }
}

/** As a number or bigint is written: another text of the same number would be a second entry of it. */
const INTEGER_KEY = /^(?:0|-?[1-9]\d{0,19})$/;
