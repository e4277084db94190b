/** Whether a URL names a database of a Postgres server. */
export function isPostgresUrl(url: string): boolean {
  return /^postgres(ql)?:\/\//i.test(url);
}

/**
 * A URL, or a text with some in it, whose passwords are `***`: what is in front of the last `@`, as a password may hold one
 * that somebody forgot to escape, and parameters of that name.
 */
export function withoutPassword(text: string): string {
  return text
    .replace(/(\/\/[^/@:\s]*):\S*@/g, "$1:***@")
    .replace(/([?&](?:ssl)?password=)[^&\s]*/gi, "$1***");
}
