const NEEDED_MAJOR = 24;

/**
 * Refuses a Node that does not do for the plugin: a `buf` that is not started by npm runs it on the machine's own, which may be older
 * than the project's.
 *
 * @param version such as `20.20.2`
 * @throws Error that says what to do
 */
export function checkNodeVersion(version: string): void {
  if (Number.parseInt(version, 10) >= NEEDED_MAJOR) return;
  throw new Error(
    `this is Node ${version}, and ${NEEDED_MAJOR} or later is needed: run buf by \`npm run generate\`, which finds the project's own`,
  );
}
