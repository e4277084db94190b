// What the names and values of headers may be made of, in both directions.

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** A token in lower case (RFC 9113, 8.2.1). */
export function isName(name: string): boolean {
  return NAME.test(name);
}

/**
 * A field value (RFC 9110, 5.5): bytes without control characters but tabs, and no space at either end. Characters above
 * 0xff do not come from HPACK, and cannot be sent by it.
 */
export function isValue(value: string): boolean {
  const last = value.length - 1;
  for (let index = 0; index <= last; index++) {
    const code = value.charCodeAt(index);
    if (code > SPACE && code < DELETE) continue;
    if (code > DELETE && code <= 0xff) continue;
    if (code !== SPACE && code !== TAB) return false;
    if (index === 0 || index === last) return false;
  }
  return true;
}

const TAB = 0x09;
const SPACE = 0x20;
const DELETE = 0x7f;
