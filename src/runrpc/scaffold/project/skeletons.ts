import { relative } from "node:path";
import { insertMembers } from "../insert-members.ts";
import { insertName } from "../insert-name.ts";
import { handlerForm, type MissingHandler, skeletonText } from "../method-text.ts";
import type { Changes } from "./changes.ts";
import type { Implementation } from "./implementations.ts";
import { advise } from "./plan.ts";
import { lineWidthOf } from "./settings.ts";
import { importsOf } from "./source.ts";
import type { TypeScriptProject } from "./typescript.ts";

/** Plans skeletons of handlers that an implementation lacks, behind those that it has. */
export function insertSkeletons(
  changes: Changes,
  typescript: TypeScriptProject,
  folder: string,
  { source, braces, container }: Implementation,
  missing: readonly MissingHandler[],
): void {
  const name = insertName(source.text, importsOf(typescript, source), {
    specifier: "runrpc",
    name: "skeleton",
    other: "runrpcSkeleton",
    lineWidth: lineWidthOf(folder),
  });
  const members = missing.map((handler) => skeletonText(handler, container, name.local));
  changes.edit(relative(folder, source.path), [
    ...name.insertions,
    ...insertMembers(source.text, braces, members, { spaced: true }),
  ]);
}

/** The one implementation that handlers can be inserted into, or why there is none. */
export function usableImplementation(
  folder: string,
  service: string,
  found: readonly Implementation[],
  missing: readonly MissingHandler[],
): { readonly implementation: Implementation } | { readonly reason: string } {
  const [implementation] = found;
  if (implementation === undefined)
    return { reason: `no object or class of the project is typed as the ServiceImpl of ${service}` };
  const paths = found.map(({ source }) => relative(folder, source.path));
  if (found.length > 1)
    return { reason: `${service} is implemented ${found.length} times, in ${paths.join(", ")}` };
  if (implementation.doubt !== undefined) return { reason: `${paths[0]}: ${implementation.doubt}` };
  const maybe = missing.find(({ localName }) => implementation.mayHave.has(localName));
  return maybe === undefined
    ? { implementation }
    : { reason: `${paths[0]}: what is spread there may have a ${maybe.localName}, and may not` };
}

/** What to write by hand for handlers that nobody can insert. */
export function adviseHandlers(service: string, missing: readonly MissingHandler[]): string {
  return advise(
    `in the implementation of ${service}`,
    missing.map(({ localName, kind }) => handlerForm(localName, kind)).join("\n"),
  );
}
