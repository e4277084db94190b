/** An application to which parcels.v1.ParcelService is added. Between « and » in each file what has to be inserted. */
export interface HostileApp {
  readonly title: string;
  readonly main: string;
  readonly queries: string;
  readonly schema: string;
}

const queries = `import { userQueries } from "./users/queries.ts";

export const modules = { users: userQueries };
`;
const schema = `// The tables.
export { users } from "./users/table.ts";
`;

const queriesWithOne = `«import { parcelQueries } from "./parcels/queries.ts";
»${queries.replace(" };", "«, parcels: parcelQueries» };")}`;
const schemaWithOne = schema.replace("export", `«export { parcels } from "./parcels/table.ts";\n»export`);
const others = { queries: queriesWithOne, schema: schemaWithOne };

const imports = `«
import { ParcelService } from "../../gen/parcels/v1/parcels_pb.ts";
import { createParcelService } from "./services/parcels/service.ts";»`;
const head = `import { defineApp, defineService, type ServiceDefinition } from "runrpc";${imports}
`;
const element = (source = "queries") =>
  `defineService(ParcelService, createParcelService(${source}.parcels))`;

/** An application whose services are these. */
function appOf(services: string, start = head): string {
  return `${start}
export default defineApp({
  ${services},
  worker: new URL("./worker.ts", import.meta.url),
  migrations: new URL("./services/migrations/", import.meta.url),
});
`;
}

/** A list that was empty. */
const list = (source?: string) => `[«\n    ${element(source)},\n  »]`;

const several = appOf(
  `services: ({ queries, chore }) => [
    ...older(queries, chore), // a comment, with a bracket ]«
    ${element()},»
  ]`,
  `${head}
declare function older(...parts: readonly unknown[]): readonly ServiceDefinition[];
`,
);

export const certainApps: readonly HostileApp[] = [
  { title: "a function that is handed a pattern", main: appOf(`services: ({ queries }) => ${list()}`) },
  { title: "several services, with a comment behind the last one", main: several },
  { title: "CRLF", main: several.replaceAll("\n", "\r\n") },
  { title: "tabs", main: several.replace(/^ +/gm, (spaces) => "\t".repeat(spaces.length / 2)) },
  { title: "a byte order mark", main: `\ufeff${several}` },
  { title: "a function that takes nothing", main: appOf(`services: («{ queries }») => ${list()}`) },
  {
    title: "a method that takes nothing",
    main: appOf(`services(«{ queries }») {
    return [«
      ${element()},
    »];
  }`),
  },
  { title: "a parameter with a name", main: appOf(`services: (parts) => ${list("parts.queries")}`) },
  { title: "queries by another name", main: appOf(`services: ({ queries: all }) => ${list("all")}`) },
  { title: "a pattern without queries", main: appOf(`services: ({ «queries, »log }) => ${list()}`) },
  {
    title: "an application that defines no service yet",
    main: appOf(
      `services: ({ queries }) => ${list()}`,
      `import { defineApp«, defineService» } from "runrpc";${imports}\n`,
    ),
  },
  {
    title: "other things by these names",
    main: appOf(
      "services: ({ queries }) => [«\n    defineService(ParcelsParcelService, createParcelsParcelService(queries.parcels)),\n  »]",
      `import { defineApp, defineService } from "runrpc";«
import { ParcelService as ParcelsParcelService } from "../../gen/parcels/v1/parcels_pb.ts";
import { createParcelService as createParcelsParcelService } from "./services/parcels/service.ts";»
export const [ParcelService, createParcelService] = [1, 2];
`,
    ),
  },
].map((app) => ({ ...app, ...others }));

const plain = { main: appOf("services: ({ queries }) => []").replace(imports, ""), queries, schema };
const mainOf = (services: string) => ({ ...plain, main: appOf(services).replace(imports, "") });

/** Applications of which nobody can say what to insert, and a word of the reason. */
export const doubtfulApps: readonly (HostileApp & { readonly reason: RegExp })[] = [
  {
    title: "queries that are taken apart",
    ...mainOf("services: ({ queries: { users } }) => []"),
    reason: /takes the queries apart/,
  },
  {
    title: "two lists",
    ...mainOf("services: ({ queries }) => (queries ? [] : [])"),
    reason: /more than one list of services/,
  },
  {
    title: "a list in a function of its own",
    ...mainOf(
      "services() {\n    const make = (): readonly ServiceDefinition[] => [];\n    return make();\n  }",
    ),
    reason: /in a function that takes nothing/,
  },
  {
    title: "a list in a function of something else",
    ...mainOf(
      "services: () => {\n    const make = (n: number): readonly ServiceDefinition[] => (n > 1 ? [] : make(2));\n    return make(1);\n  }",
    ),
    reason: /in a function that is not handed the queries/,
  },
  {
    title: "a list that is somewhere else",
    ...mainOf("services: older"),
    reason: /it has no `services/,
  },
  {
    title: "no worker",
    ...plain,
    main: plain.main.replace(/ {2}worker.*\n/, ""),
    reason: /its application has no `worker`/,
  },
  {
    title: "queries by the name of the module",
    ...plain,
    queries: queries.replace("users:", "parcels:"),
    reason: /its modules have a parcels already/,
  },
  {
    title: "a table by this name",
    ...plain,
    schema: schema.replace("{ users }", "{ users as parcels }"),
    reason: /schema\.ts: it has something called parcels already/,
  },
  {
    title: "a main that does not parse",
    ...plain,
    main: `${plain.main}}`,
    reason: /main\.ts does not parse/,
  },
];
