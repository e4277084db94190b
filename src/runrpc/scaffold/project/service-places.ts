import { posix } from "node:path";
import type { ServiceNames } from "../service-names.ts";
import { createChanges } from "./changes.ts";
import type { ProjectPlace } from "./plan.ts";
import { lineWidthOf, type ProtoSettings } from "./settings.ts";

/** Where things are in a project that gets a service. */
export interface ServicePlaces {
  readonly project: ProjectPlace;
  readonly names: ServiceNames;
  /** The folder of services, inside of the project: `src/services`. */
  readonly services: string;
  /** The folder of the service. */
  readonly room: string;
  /** The folder of the generated code. */
  readonly gen: string;
  /** What imports of files end with. */
  readonly extension: string;
  /** What the project's formatter breaks, in characters. */
  readonly lineWidth: number;
}

/** The places of a new service. */
export function placesOf(project: ProjectPlace, names: ServiceNames, { gen }: ProtoSettings): ServicePlaces {
  const services = posix.join(posix.dirname(project.main), "services");
  const main = createChanges(project.folder).textOf(project.main) ?? "";
  // Where a file is imported as what it is compiled to, the others do the same.
  const isBuilt = /from "\.[^"]*\.js"/.test(main) && !/from "\.[^"]*\.ts"/.test(main);
  return {
    project,
    names,
    services,
    room: posix.join(services, names.room),
    gen,
    extension: isBuilt ? ".js" : ".ts",
    lineWidth: lineWidthOf(project.folder),
  };
}

/** A file as another one imports it, from the folder of that one. */
export function specifierOf(from: string, path: string): string {
  const specifier = posix.relative(from, path);
  return specifier.startsWith(".") ? specifier : `./${specifier}`;
}

/** With the extension that the project's imports have. */
export function extended(text: string, extension: string): string {
  return extension === ".ts" ? text : text.replace(/\.ts(?="|$)/g, extension);
}
