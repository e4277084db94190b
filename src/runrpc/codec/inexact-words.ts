/** Of a text that UTF-8 cannot carry. */
export const HALF_A_PAIR = "the text holds half a surrogate pair";

/** What a value is, without what is in it. */
export function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return `a ${typeof value}`;
  return Object.prototype.toString.call(value).slice(0, 100);
}
