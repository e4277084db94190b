/**
 * What JSON.parse gives, with two differences. A member that is named twice is an error: JSON.parse keeps the last one in
 * silence. And names are what is written: with an escape in it, V8 13.6 takes a name for another one that a document before
 * had in its place (`{"\u0061":1}` for `{"\\":1}`).
 *
 * @throws SyntaxError as JSON.parse does. Error for a name that stands twice in an object. RangeError for a document that
 * is deeper than any message: it would cost the more the deeper it is.
 */
export function parseJson(text: string): unknown {
  const json: unknown = JSON.parse(text);
  if (text.includes("\\")) return parseAgain(text);
  // Without escapes it is enough to count: what was parsed has fewer strings than the text when a member got lost.
  return countQuotes(text) === 2 * countStrings(json, 1) ? json : parseAgain(text);
}

function countQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count++;
  return count;
}

/** Objects and arrays within each other. protobuf-es reads 100 messages within each other. */
const MAX_LEVELS = 500;

/** Names of members and values that are strings, at any level. */
function countStrings(json: unknown, level: number): number {
  if (typeof json === "string") return 1;
  if (typeof json !== "object" || json === null) return 0;
  if (level > MAX_LEVELS) throw tooDeep();
  let count = 0;
  if (Array.isArray(json)) for (const value of json) count += countStrings(value, level + 1);
  else
    for (const name of Object.keys(json))
      count += 1 + countStrings((json as Record<string, unknown>)[name], level + 1);
  return count;
}

function tooDeep(): RangeError {
  return new RangeError(
    `it is deeper than the maximum of ${MAX_LEVELS} objects and arrays within each other`,
  );
}

type Container = unknown[] | Record<string, unknown>;

/** Reads a text that JSON.parse has taken, character by character: nothing in it has to be checked but names. */
function parseAgain(text: string): unknown {
  const root: unknown[] = [];
  const open: Container[] = [root];
  let name: string | undefined;
  const add = (value: unknown): void => {
    const parent = open.at(-1);
    if (Array.isArray(parent)) parent.push(value);
    else if (parent !== undefined && name !== undefined) setMember(parent, name, value);
    name = undefined;
  };
  for (let at = 0; at < text.length; ) {
    const end = endOfToken(text, at);
    const first = text[at];
    if (first === "{" || first === "[") {
      const value: Container = first === "{" ? {} : [];
      add(value);
      if (open.push(value) > MAX_LEVELS + 1) throw tooDeep();
    } else if (first === "}" || first === "]") open.pop();
    else if (first === '"' && name === undefined && !Array.isArray(open.at(-1)))
      name = stringFrom(text.slice(at, end));
    else if (first === '"') add(stringFrom(text.slice(at, end)));
    else if (first !== "," && first !== ":" && !isSpace(text.charCodeAt(at)))
      add(JSON.parse(text.slice(at, end)));
    at = end;
  }
  return root[0];
}

function endOfToken(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  let at = start + 1;
  // Numbers, true, false and null are the only tokens of more than one character besides.
  if (first !== undefined && /[-\dtfn]/.test(first)) while (/[-+.\w]/.test(text[at] ?? "")) at++;
  return at;
}

function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let escapes = quote;
    while (text[escapes - 1] === "\\") escapes--;
    if ((quote - escapes) % 2 === 0) return quote + 1;
  }
}

function stringFrom(token: string): string {
  return token.includes("\\") ? (JSON.parse(token) as string) : token.slice(1, -1); // a string, in quotes
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function setMember(object: Record<string, unknown>, name: string, value: unknown): void {
  if (Object.hasOwn(object, name)) throw new Error(`duplicate object key "${name}"`);
  // An assignment to __proto__ would change the prototype.
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
