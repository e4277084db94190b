import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/**
 * In a workspace npm installs the package above the project, where buf, which takes protos of the project's own folder alone, does not
 * look. So the project gets a script `prepare`, which npm runs after each install, that links it.
 *
 * @returns where the package is; undefined where it is in the project, or nowhere, and nothing was changed.
 */
export function linkFromWorkspace(folder: string): string | undefined {
  const project = resolve(folder);
  if (existsSync(join(project, "node_modules/runrpc"))) return undefined;
  const installed = installedAbove(dirname(project));
  if (installed === undefined) return undefined;
  const file = join(project, "package.json");
  const manifest = JSON.parse(readFileSync(file, "utf8")) as { scripts: Record<string, string> }; // the template's own
  const target = relative(join(project, "node_modules"), installed).replaceAll("\\", "/");
  const prepare = `mkdir -p node_modules && ln -sfn ${target} node_modules/runrpc`;
  const changed = { ...manifest, scripts: { ...manifest.scripts, prepare } };
  writeFileSync(file, `${JSON.stringify(changed, null, 2)}\n`);
  return installed;
}

function installedAbove(folder: string): string | undefined {
  const place = join(folder, "node_modules/runrpc");
  if (existsSync(place)) return place;
  return folder === dirname(folder) ? undefined : installedAbove(dirname(folder));
}
