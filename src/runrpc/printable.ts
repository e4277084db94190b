/** What a terminal obeys, or shows in another place: C0 and C1 (ECMA-48), line separators, marks of direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
const CONTROLS = /[\0-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text that strangers have a part in, as it may be shown on a terminal: one line, and nothing that steers it. */
export function printable(text: string): string {
  return text.replace(CONTROLS, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
