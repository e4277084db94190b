/** Whether a URL names a database of a Postgres server. */
export function isPostgresUrl(url: string): boolean {
  return /^postgres(ql)?:\/\//i.test(url);
}

/**
 * A URL, or an argument with one in it, whose password is `***`: what is in front of the last `@`, as a user or a password may hold
 * what somebody forgot to escape, and parameters of that name.
 */
export function withoutPassword(text: string): string {
  return text.replace(/(\/\/[^@:\s]*):.*@/s, "$1:***@").replace(/([?&](?:ssl)?password=)[^&\s]*/gi, "$1***");
}
