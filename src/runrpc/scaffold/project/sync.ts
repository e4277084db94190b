import { relative } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { closest } from "../../closest.ts";
import { handlerForm, type MissingHandler } from "../method-text.ts";
import { missingHandler } from "./add-method.ts";
import { type Changes, createChanges } from "./changes.ts";
import { readContracts } from "./contracts.ts";
import { type GeneratedService, generatedServices } from "./generated.ts";
import type { Handler } from "./handlers.ts";
import { findImplementations, type Implementation } from "./implementations.ts";
import { kindChange } from "./kind-change.ts";
import { findLostContracts } from "./lost-contracts.ts";
import { checkParses, type ProjectPlace } from "./plan.ts";
import { readProtoSettings } from "./settings.ts";
import { adviseHandlers, insertSkeletons, usableImplementation } from "./skeletons.ts";
import { openTypeScript, type TypeScriptProject } from "./typescript.ts";
import { howToBegin, unnamedServices } from "./unimplemented.ts";

/** How the implementations of a project stand to its protos. */
export interface SyncReport {
  /** Skeletons for the handlers that are missing. Nothing of it is written yet. */
  readonly changes: Changes;
  /** What is missing and can be inserted, a sentence each. */
  readonly missing: readonly string[];
  /** What a person has to do, a sentence each. */
  readonly problems: readonly string[];
  /** Skeletons that are still to be written: `parcels.v1.ParcelService/Track in src/services/parcels/service.ts`. */
  readonly skeletons: readonly string[];
  /** Services of the project's own protos that no file names, and how each is begun, a sentence each. */
  readonly unimplemented: readonly string[];
  /** Whether the generated code has other methods than the protos. */
  readonly isBehind: boolean;
  /** Whether code that is imported was not generated, so that what it would be compared with cannot be known. */
  readonly isUngenerated: boolean;
}

/**
 * Compares every implementation with the protos as they are, whether or not code was generated from them.
 *
 * @throws Error for protos that do not build
 */
export async function planSync({ folder, main }: ProjectPlace): Promise<SyncReport> {
  const settings = readProtoSettings(folder);
  const contracts = await readContracts(folder, settings);
  const { registry } = contracts;
  using typescript = await openTypeScript(folder);
  const changes = createChanges(folder);
  const reports: ServiceReport[] = [];
  const services = generatedServices(typescript);
  for (const [name, generated] of services) {
    const service = registry.getService(name);
    const found = findImplementations(typescript, generated);
    if (service !== undefined)
      reports.push(reportOf(typescript, folder, changes, { service, generated, found }));
    else reports.push(...found.map((implementation) => removedService(folder, name, implementation)));
  }
  if (changes.paths.length > 0) await checkParses(folder, changes);
  const exportName = (typeName: string) => services.get(typeName)?.exportName;
  const { gone, isUngenerated } = findLostContracts(typescript, folder, settings, contracts);
  return {
    changes,
    missing: reports.flatMap(({ missing }) => missing),
    problems: [...reports.flatMap(({ problems }) => problems), ...gone],
    skeletons: reports.flatMap(({ skeletons }) => skeletons),
    unimplemented: unnamedServices(typescript, folder, settings, contracts, exportName).map(
      ({ typeName, name }) => `nothing implements ${typeName} yet: ${howToBegin(name, main)}`,
    ),
    isBehind: isUngenerated || reports.some(({ isBehind }) => isBehind),
    isUngenerated,
  };
}

type ServiceReport = Omit<SyncReport, "changes" | "isUngenerated" | "unimplemented">;

interface Compared {
  readonly service: DescService;
  readonly generated: GeneratedService;
  readonly found: readonly Implementation[];
}

function reportOf(
  typescript: TypeScriptProject,
  folder: string,
  changes: Changes,
  { service, generated, found }: Compared,
): ServiceReport {
  const isBehind = isBehindOf(service, generated);
  const [implementation] = found;
  if (implementation === undefined) return { missing: [], problems: [], skeletons: [], isBehind };
  const path = relative(folder, implementation.source.path);
  const lacking = service.methods
    .map(missingHandler)
    .filter(({ localName }) => !implementation.has.has(localName));
  const renames = renamesOf(service, implementation, lacking);
  const missing = lacking.filter(({ localName }) => !renames.some(({ to }) => to.localName === localName));
  const problems = [
    ...renames.map(
      ({ from, to }) =>
        `${methodNameOf(from)} is ${to.method} in ${service.typeName}: rename \`${from}\` to \`${to.localName}\` in ${path}, or remove it where it is gone`,
    ),
    ...extrasOf(service, implementation)
      .filter(
        ({ name }) => implementation.container === "object" && !renames.some(({ from }) => from === name),
      )
      .map(
        ({ name }) =>
          `${methodNameOf(name)} is no method of ${service.typeName}: remove \`${name}\` from ${path}`,
      ),
    ...implementation.handlers.flatMap((handler) => changedKind(service, generated, handler, path)),
  ];
  const usable = usableImplementation(folder, service.typeName, found, missing);
  if (missing.length > 0 && "reason" in usable)
    problems.push(`${usable.reason}. Write it yourself:\n${adviseHandlers(service.typeName, missing)}`);
  const isInserted = missing.length > 0 && "implementation" in usable;
  if (isInserted) insertSkeletons(changes, typescript, folder, usable.implementation, missing);
  return {
    missing: isInserted
      ? missing.map(
          ({ method, localName }) => `${method} of ${service.typeName} has no \`${localName}\` in ${path}`,
        )
      : [],
    problems,
    skeletons: skeletonsIn(service, implementation, path),
    isBehind,
  };
}

function removedService(folder: string, name: string, { source }: Implementation): ServiceReport {
  const path = relative(folder, source.path);
  const sentence = `the protos have no ${name} any more: remove its implementation in ${path}, and its place in the list of services`;
  return { missing: [], problems: [sentence], skeletons: [], isBehind: true };
}

function isBehindOf({ methods }: DescService, { kinds }: GeneratedService): boolean {
  return (
    methods.length !== kinds.size ||
    methods.some(({ localName, methodKind }) => kinds.get(localName) !== methodKind)
  );
}

/** Handlers that are no method. A class may have other functions; those of an object that begin with `_` are its own. */
function extrasOf({ methods }: DescService, { handlers }: Implementation): readonly Handler[] {
  const names = new Set(methods.map(({ localName }) => localName));
  return handlers.filter(({ name, isPrivate }) => !names.has(name) && !isPrivate && !name.startsWith("_"));
}

/** A handler that is no method, and a method without a handler, that are most likely the same one. */
function renamesOf(
  service: DescService,
  implementation: Implementation,
  lacking: readonly MissingHandler[],
): readonly { readonly from: string; readonly to: MissingHandler }[] {
  const left = new Map(lacking.map((handler) => [handler.localName, handler]));
  const extras = extrasOf(service, implementation);
  return extras.flatMap((extra) => {
    const fitting = [...left.values()]
      .filter(({ kind }) => fits(extra, kind))
      .map(({ localName }) => localName);
    const isOnly = implementation.container === "object" && extras.length === 1 && fitting.length === 1;
    const to = left.get((isOnly ? fitting[0] : closest(extra.name, fitting)) ?? "");
    if (to === undefined) return [];
    left.delete(to.localName);
    return [{ from: extra.name, to }];
  });
}

function fits({ givesStream, takesStream }: Handler, kind: MissingHandler["kind"]): boolean {
  const gives = kind === "server_streaming" || kind === "bidi_streaming";
  const takes = kind === "client_streaming" || kind === "bidi_streaming";
  return (givesStream ?? gives) === gives && (takesStream ?? takes) === takes;
}

function changedKind(
  { methods }: DescService,
  { kinds }: GeneratedService,
  handler: Handler,
  path: string,
): readonly string[] {
  const method = methods.find(({ localName }) => localName === handler.name);
  if (method === undefined || handler.isSkeleton) return [];
  const change = kindChange(method.methodKind, handler, kinds.get(handler.name));
  if (change === undefined) return [];
  const form = handlerForm(method.localName, method.methodKind);
  const head = form.slice(0, form.indexOf("("));
  const rest = change.takes ? `: \`${form}\`` : "";
  return [`${method.name} ${change.words} now: write \`${head}\`${rest} in ${path}`];
}

function skeletonsIn(
  { methods, typeName }: DescService,
  { handlers }: Implementation,
  path: string,
): readonly string[] {
  return handlers
    .filter(({ isSkeleton }) => isSkeleton)
    .map(
      ({ name }) =>
        `${typeName}/${methods.find(({ localName }) => localName === name)?.name ?? name} in ${path}`,
    );
}

function methodNameOf(localName: string): string {
  return localName.slice(0, 1).toUpperCase() + localName.slice(1);
}
