import { Code, ConnectError } from "@connectrpc/connect";

const version = 1;

/**
 * Makes the token of the page that comes after `position`, the sort key of the last row of this one. Opaque to the
 * client: base64url of the list's name, a version and the numbers.
 */
export function pageTokenFromPosition(list: string, position: readonly number[]): string {
  return Buffer.from([list, version, ...position].join(":")).toString("base64url");
}

/**
 * The position in a token, of `length` numbers; undefined for an empty token, which asks for the first page.
 *
 * @throws ConnectError `invalid_argument` for a token that `pageTokenFromPosition` did not make for this list.
 */
export function positionFromPageToken(list: string, token: string, length: number): number[] | undefined {
  if (token === "") return undefined;
  const [, , ...texts] = Buffer.from(token, "base64url").toString().split(":");
  const position = texts.map(Number);
  // A number has many spellings, and so has base64: ours is the one that this makes.
  const isOurs = position.length === length && pageTokenFromPosition(list, position) === token;
  if (isOurs && position.every(Number.isSafeInteger)) return position;
  throw refusedPageToken(token);
}

/** For a token that this server has not made, whatever gives it away. */
export function refusedPageToken(token: string): ConnectError {
  return new ConnectError(
    `page_token ${JSON.stringify(token)} is not a next_page_token of this list`,
    Code.InvalidArgument,
  );
}
