import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type Changes, createChanges } from "../../../src/runrpc/scaffold/project/changes.ts";
import { checkParses } from "../../../src/runrpc/scaffold/project/plan.ts";
import { register } from "../../../src/runrpc/scaffold/project/register.ts";
import { openTypeScript, type TypeScriptProject } from "../../../src/runrpc/scaffold/project/typescript.ts";
import { serviceNames } from "../../../src/runrpc/scaffold/service-names.ts";
import { certainApps, doubtfulApps } from "./hostile-apps.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const names = serviceNames("parcels.v1.ParcelService");

let folder: string;
let typescript: TypeScriptProject;

/** Each application has a folder of its own; the compiler reads them at once. */
function homeOf(title: string): string {
  return `src/${title.replaceAll(/\W+/g, "-")}`;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function originalOf(marked: string): string {
  return marked.replaceAll(/«[^»]*»/g, "");
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "runrpc-register-"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  write("package.json", '{ "type": "module" }');
  const compilerOptions = {
    module: "nodenext",
    strict: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
    types: ["node"],
    paths: { runrpc: [join(root, "src/runrpc/index.ts")] },
  };
  write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["src"] }));
  for (const { title, main, queries, schema } of [...certainApps, ...doubtfulApps]) {
    write(`${homeOf(title)}/main.ts`, originalOf(main));
    write(`${homeOf(title)}/services/queries.ts`, originalOf(queries));
    write(`${homeOf(title)}/services/schema.ts`, originalOf(schema));
  }
  typescript = await openTypeScript(folder);
});

after(() => {
  typescript[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

function registerIn(title: string): Changes {
  const home = homeOf(title);
  const changes = createChanges(folder);
  const places = {
    project: { folder, main: `${home}/main.ts` },
    names,
    services: `${home}/services`,
    room: `${home}/services/parcels`,
    gen: "gen",
    extension: ".ts",
    lineWidth: 80,
  };
  register(changes, places, typescript);
  return changes;
}

describe("an application knows a new service by insertions alone", () => {
  for (const { title, ...files } of certainApps) {
    it(title, async () => {
      const changes = registerIn(title);
      const inserted = (marked: string) => marked.replaceAll(/[«»]/g, "");
      assert.equal(changes.textOf(`${homeOf(title)}/main.ts`), inserted(files.main));
      assert.equal(changes.textOf(`${homeOf(title)}/services/queries.ts`), inserted(files.queries));
      assert.equal(changes.textOf(`${homeOf(title)}/services/schema.ts`), inserted(files.schema));
      await checkParses(folder, changes);
    });
  }
});

describe("nothing is inserted into an application of which it is not certain where", () => {
  for (const { title, reason } of doubtfulApps) {
    it(title, () => {
      assert.throws(() => registerIn(title), { name: "Unsure", message: reason });
    });
  }
});
