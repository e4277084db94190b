import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { snake } from "../service-names.ts";
import type { Contracts } from "./contracts.ts";
import type { ServicePlaces } from "./service-places.ts";
import type { ProtoSettings } from "./settings.ts";
import { readText } from "./typescript.ts";

/**
 * Whether all that a new service makes has names of its own.
 *
 * @throws Error that names what is there
 */
export function checkFree(
  { project: { folder }, names, services, room }: ServicePlaces,
  { descriptors }: Contracts,
  { roots }: ProtoSettings,
): void {
  const others = descriptors.file.filter((file) => file.package === names.package);
  const [other] = others.flatMap(({ service }) => service);
  if (other !== undefined) {
    throw new Error(
      `the package ${names.package} has a service, ${other.name}: add to it with \`runrpc add method ${names.package}.${other.name} NAME\`, or name a package of its own for ${names.service}`,
    );
  }
  const proto = roots
    .map((root) => join(root, names.protoFile))
    .find((path) => existsSync(join(folder, path)));
  const path = proto ?? [room].find((place) => existsSync(join(folder, place)));
  if (path !== undefined)
    throw new Error(`${path} is there, and ${names.full} is not: name another package, or move it away`);
  const table = snake(names.Many);
  for (const file of globSync(`${services}/*/table.ts`, { cwd: folder })) {
    const text = readText(join(folder, file));
    if (new RegExp(`sqliteTable\\(\\s*["']${table}["']|export const ${names.many}\\b`).test(text))
      throw new Error(`${file} has a table ${table}: name the service for something else than ${names.One}`);
  }
}
