import { existsSync, globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { type ServiceNames, snake } from "../service-names.ts";
import type { Contracts } from "./contracts.ts";
import type { ServicePlaces } from "./service-places.ts";
import type { ProtoSettings } from "./settings.ts";

/**
 * Whether all that a new service makes has names of its own.
 *
 * @throws Error that names what is there
 */
export function checkFree(
  { project: { folder, main }, names, room }: ServicePlaces,
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
  checkTableFree(folder, posix.dirname(main), names);
}

/** The tables of an application are in one database, wherever in its folder they are written. */
function checkTableFree(folder: string, app: string, { One, Many }: ServiceNames): void {
  const table = snake(Many);
  const declared = new RegExp(`\\bsqliteTable\\(\\s*["'\`]${table}["'\`]`);
  const isSkipped = (path: string) => path === "node_modules" || path === "gen";
  for (const file of globSync(`${app}/**/*.ts`, { cwd: folder, exclude: isSkipped })) {
    if (declared.test(readFileSync(join(folder, file), "utf8")))
      throw new Error(`${file} has a table ${table}: name the service for something else than ${One}`);
  }
}
