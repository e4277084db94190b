/** What V8 keeps of a value, and of an object besides its values: about. */
const valueBytes = 8;
const objectBytes = 32;

/**
 * About how many bytes a value takes while it waits, so that a queue can be bounded by them: text at two bytes a
 * character, which is what it takes at most. Stops counting past `enough`, so that a value which holds itself has an end
 * as well. What cannot be read counts for nothing: such a value cannot be sent either.
 */
export function approximateBytes(value: unknown, enough: number): number {
  const left: object[] = [];
  let bytes = 0;
  const add = (item: unknown): void => {
    bytes += valueBytes;
    if (typeof item === "string") bytes += 2 * item.length;
    else if (typeof item === "object" && item !== null) left.push(item);
  };
  add(value);
  try {
    for (let next = left.pop(); next !== undefined && bytes <= enough; next = left.pop()) {
      bytes += objectBytes;
      if (ArrayBuffer.isView(next) || next instanceof ArrayBuffer) bytes += next.byteLength;
      else if (Array.isArray(next)) for (let at = 0; at < next.length && bytes <= enough; at++) add(next[at]);
      else addItems(next, add);
    }
  } catch {
    // A getter that throws.
  }
  return bytes;
}

function addItems(object: object, add: (item: unknown) => void): void {
  if (object instanceof Set) {
    for (const item of object) add(item);
  } else if (object instanceof Map) {
    for (const [key, item] of object) {
      add(key);
      add(item);
    }
  } else {
    for (const key in object) add(Reflect.get(object, key));
  }
}
