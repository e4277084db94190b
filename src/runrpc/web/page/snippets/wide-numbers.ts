/** A string, or a number, of JSON. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/** JSON in which integers that a number of JavaScript does not hold exactly are text, as which proto JSON takes them, too. */
export function quoteWideNumbers(json: string): string {
  return json.replaceAll(TOKEN, (token) =>
    /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
}
