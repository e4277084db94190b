import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { type ServiceNames, serviceNames } from "../service-names.ts";
import { protoText } from "../templates/proto.ts";
import { queriesText, tableText } from "../templates/queries.ts";
import { serviceText } from "../templates/service.ts";
import { testText } from "../templates/test.ts";
import { type Changes, createChanges } from "./changes.ts";
import { type Contracts, readContracts } from "./contracts.ts";
import { checkFree } from "./free-names.ts";
import { generatedServices } from "./generated.ts";
import { findImplementations } from "./implementations.ts";
import { checkParses, type Plan, type ProjectPlace } from "./plan.ts";
import { register } from "./register.ts";
import { extended, placesOf, type ServicePlaces, specifierOf } from "./service-places.ts";
import { type ProtoSettings, readProtoSettings } from "./settings.ts";
import { generateStep, migrationStep } from "./steps.ts";
import { openTypeScript } from "./typescript.ts";
import { howToBegin } from "./unimplemented.ts";

/**
 * Plans a service that keeps something: contract, table, queries, implementation, test, and the lines by which the
 * application knows it. Undefined where the project has it.
 *
 * @throws Error for a name that is odd or taken, Unsure where the application is written in another way
 */
export async function planService(project: ProjectPlace, full: string): Promise<Plan | undefined> {
  const names = serviceNames(full);
  const { folder } = project;
  const settings = readProtoSettings(folder);
  const contracts = await readContracts(folder, settings);
  if (contracts.registry.getService(full) !== undefined) {
    await checkImplemented(folder, names, project.main);
    return undefined;
  }
  const places = placesOf(project, names, settings);
  checkFree(places, contracts, settings);
  const changes = createChanges(folder);
  const protoPath = posix.join(settings.roots[0] ?? "proto", names.protoFile);
  changes.create(protoPath, protoText(names, importsIn(folder, contracts, settings)));
  await readContracts(folder, settings, new Map([[protoPath, changes.textOf(protoPath) ?? ""]]));
  createFiles(changes, places);
  {
    using typescript = await openTypeScript(folder);
    register(changes, places, typescript);
  }
  await checkParses(folder, changes);
  const migration = migrationStep(project, names.many.toLowerCase());
  return {
    changes,
    steps: [generateStep(folder), ...(migration === undefined ? [] : [migration])],
    next: [
      ...(migration === undefined ? ["make a migration of the table with drizzle-kit generate"] : []),
      `say in ${protoPath} what ${/^[aeiou]/.test(names.oneWords) ? "an" : "a"} ${names.oneWords} is, and let the table and the queries follow`,
      `npx runrpc add method ${full} NAME --kind unary|server-streaming|client-streaming|bidi-streaming`,
      `npx runrpc serve, then: npx runrpc call ${names.service}/Create${names.One} '{"name": "first"}'`,
    ],
  };
}

/** @throws Error that says how to begin, for a service of the protos that nothing implements */
async function checkImplemented(
  folder: string,
  { full, service }: ServiceNames,
  main: string,
): Promise<void> {
  using typescript = await openTypeScript(folder);
  const generated = generatedServices(typescript).get(full);
  if (generated !== undefined && findImplementations(typescript, generated).length > 0) return;
  throw new Error(
    `the protos have ${full}, and nothing implements it: run ${generateStep(folder).words}, ${howToBegin(service, main)}`,
  );
}

function createFiles(changes: Changes, { project, names, room, gen, extension }: ServicePlaces): void {
  const to = (from: string, path: string) => specifierOf(posix.dirname(from), path);
  const [service, test] = [`${room}/service.ts`, `test/services/${names.room}/service.test.ts`];
  changes.create(`${room}/table.ts`, tableText(names));
  changes.create(`${room}/queries.ts`, extended(queriesText(names), extension));
  changes.create(service, serviceText(names, { gen: `${to(service, gen)}/`, extension }));
  changes.create(
    test,
    testText(names, {
      gen: `${to(test, gen)}/`,
      main: extended(to(test, project.main), extension),
      room: `${to(test, room)}/`,
      extension,
    }),
  );
}

function importsIn(folder: string, { descriptors }: Contracts, { roots }: ProtoSettings) {
  const has = (path: string) =>
    descriptors.file.some(({ name }) => name === path) ||
    roots.some((root) => existsSync(join(folder, root, path)));
  return {
    hasValidation: has("buf/validate/validate.proto"),
    hasOptions: has("runrpc/options/v1/options.proto"),
  };
}
