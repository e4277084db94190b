/** The greatest text of a record, a log line or an error, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 1_024;

/** The least that is kept of a text that is cut, beside the words that say so. */
const MARK_BYTES = 48;

/**
 * A text that came from outside, for a record, a log line or an error: as it is, or its beginning, cut between two
 * characters, with words that say how long it was. Half a surrogate pair, which UTF-8 cannot carry, and U+0000, which
 * Postgres refuses, become U+FFFD, so that whoever is told the text is told the same.
 */
export function boundedText(text: string, maxBytes: number = MAX_TEXT_BYTES): string {
  // A UTF-16 unit takes at most three bytes: most texts need no counting.
  if (3 * text.length <= maxBytes) return storable(text);
  const known = storable(text.slice(0, maxBytes));
  if (text.length <= maxBytes && Buffer.byteLength(known) <= maxBytes) return known;
  return `${beginning(known, maxBytes - MARK_BYTES)}… (cut, of ${text.length} characters)`;
}

function storable(text: string): string {
  return (text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text).toWellFormed();
}

/** As many whole characters as fit. */
function beginning(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}
