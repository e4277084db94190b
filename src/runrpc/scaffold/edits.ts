/** A text to insert into another one. */
export interface Insertion {
  /** Where, in UTF-16 units of the original. */
  readonly at: number;
  readonly text: string;
}

/**
 * The original with the insertions in it, and every other character as it was; those at one place come in their order.
 *
 * @throws Error for a place outside of the text, and where taking the insertions out would not give the original.
 */
export function insert(original: string, insertions: readonly Insertion[]): string {
  const ordered = [...insertions].sort((one, other) => one.at - other.at);
  let result = "";
  let from = 0;
  for (const { at, text } of ordered) {
    if (at < 0 || at > original.length)
      throw new Error(`the place ${at} is outside of a text of ${original.length}`);
    result += original.slice(from, at) + text;
    from = at;
  }
  result += original.slice(from);
  if (without(result, ordered) !== original)
    throw new Error("an insertion would have changed what is around it");
  return result;
}

/** The text with the insertions taken out again. */
function without(text: string, ordered: readonly Insertion[]): string {
  let original = text;
  for (const insertion of ordered) {
    original = original.slice(0, insertion.at) + original.slice(insertion.at + insertion.text.length);
  }
  return original;
}
