const NEEDED_MAJOR = 24;

/**
 * Why a Node does not do for the plugin, in a sentence; undefined: it does. A `buf` that is not started by npm runs the plugin on the
 * machine's own Node, which may be an older one than the project's.
 *
 * @param version such as `20.20.2`
 */
export function refusalOf(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= NEEDED_MAJOR) return undefined;
  return `this is Node ${version}, and ${NEEDED_MAJOR} or later is needed: run buf by \`npm run generate\`, which finds the project's own`;
}
