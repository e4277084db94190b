import { existsSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import type { Contracts } from "./contracts.ts";
import { isImplementationFile } from "./implementations.ts";
import type { ProtoSettings } from "./settings.ts";
import { importsOf, openSource } from "./source.ts";
import type { TypeScriptProject } from "./typescript.ts";

/** Imports of generated code that is not there. */
export interface LostContracts {
  /** Those whose contract is gone as well, a sentence each. */
  readonly gone: readonly string[];
  /** Whether there are some whose contract is there, so that generating brings them back. */
  readonly isUngenerated: boolean;
}

/** Looks for them in the project's own files, those of tests left out. */
export function findLostContracts(
  typescript: TypeScriptProject,
  folder: string,
  { gen }: ProtoSettings,
  { descriptors }: Contracts,
): LostContracts {
  const protos = new Set(descriptors.file.map(({ name }) => name));
  const lost = typescript.files.filter(isImplementationFile).flatMap((file) =>
    lostImports(typescript, file).map((specifier) => {
      const place = relative(join(folder, gen), join(dirname(file), specifier));
      const proto = place
        .split("\\")
        .join(posix.sep)
        .replace(/_pb\.[cm]?[jt]s$/, ".proto");
      return { path: relative(folder, file), specifier, isKnown: protos.has(proto) };
    }),
  );
  return {
    gone: lost
      .filter(({ isKnown }) => !isKnown)
      .map(
        ({ path, specifier }) =>
          `${path} imports ${specifier}, which no proto makes any more: remove what it is for, and its place in the list of services`,
      ),
    isUngenerated: lost.some(({ isKnown }) => isKnown),
  };
}

function lostImports(typescript: TypeScriptProject, file: string): readonly string[] {
  if (!/_pb\.[cm]?[jt]s["']/.test(typescript.textOf(file))) return [];
  return importsOf(typescript, openSource(typescript, file))
    .map(({ specifier }) => specifier)
    .filter((specifier) => /^\..*_pb\.[cm]?[jt]s$/.test(specifier))
    .filter((specifier) => {
      const place = join(dirname(file), specifier);
      return !existsSync(place) && !existsSync(place.replace(/js$/, "ts"));
    });
}
