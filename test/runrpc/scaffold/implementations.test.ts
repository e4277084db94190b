import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type Changes, createChanges } from "../../../src/runrpc/scaffold/project/changes.ts";
import { type GeneratedService, generatedServices } from "../../../src/runrpc/scaffold/project/generated.ts";
import {
  findImplementations,
  implementationsIn,
} from "../../../src/runrpc/scaffold/project/implementations.ts";
import { checkParses } from "../../../src/runrpc/scaffold/project/plan.ts";
import { insertSkeletons, usableImplementation } from "../../../src/runrpc/scaffold/project/skeletons.ts";
import { openTypeScript, type TypeScriptProject } from "../../../src/runrpc/scaffold/project/typescript.ts";
import { doubtfulFiles, hostileFiles } from "./hostile-implementations.ts";

const generated = `import type { GenService } from "@bufbuild/protobuf/codegenv2";
import type { EmptySchema } from "@bufbuild/protobuf/wkt";
/**
 * Keeps things.
 *
 * @generated from service t.v1.ThingService
 */
export declare const ThingService: GenService<{
  get: { methodKind: "unary"; input: typeof EmptySchema; output: typeof EmptySchema },
  watch: { methodKind: "server_streaming"; input: typeof EmptySchema; output: typeof EmptySchema },
}>;
/** A message that is called as a service is. */
export interface Thing {}
/**
 * @generated from service t.v1.Thing
 */
export declare const Thing$: GenService<{
  get: { methodKind: "unary"; input: typeof EmptySchema; output: typeof EmptySchema },
}>;
`;
const calledAsMessage = `import type { ServiceImpl } from "@connectrpc/connect";
import type { Thing$ } from "../gen/t_pb.ts";
export const things: ServiceImpl<typeof Thing$> = { get: () => ({}) };
`;
const watch = {
  service: "t.v1.ThingService",
  method: "Watch",
  localName: "watch",
  kind: "server_streaming",
} as const;

let folder: string;
let typescript: TypeScriptProject;
let service: GeneratedService;
let changes: Changes;

function nameOf(title: string): string {
  return `src/${title.replaceAll(/\W+/g, "-")}.ts`;
}

function originalOf(marked: string): string {
  return marked.replaceAll(/«[^»]*»/g, "");
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "runrpc-hostile-"));
  for (const name of ["src", "gen"]) mkdirSync(join(folder, name));
  symlinkSync(fileURLToPath(new URL("../../../node_modules", import.meta.url)), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const compilerOptions = {
    module: "nodenext",
    strict: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src", "gen"] }));
  writeFileSync(join(folder, "gen/t_pb.ts"), generated);
  for (const { title, marked } of [...hostileFiles, ...doubtfulFiles])
    writeFileSync(join(folder, nameOf(title)), originalOf(marked));
  writeFileSync(join(folder, "src/called-as-a-message.ts"), calledAsMessage);
  typescript = await openTypeScript(folder);
  const found = generatedServices(typescript).get("t.v1.ThingService");
  assert.ok(found);
  service = found;
  changes = createChanges(folder);
});

after(() => {
  typescript[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

describe("a handler goes into a file, which keeps every other byte", () => {
  for (const { title, marked } of hostileFiles) {
    it(title, () => {
      const found = implementationsIn(typescript, join(folder, nameOf(title)), service);
      const usable = usableImplementation(folder, watch.service, found, [watch]);
      assert.ok("implementation" in usable, "reason" in usable ? usable.reason : "");
      assert.ok(!usable.implementation.has.has("watch"));
      insertSkeletons(changes, typescript, folder, usable.implementation, [watch]);
      assert.equal(changes.textOf(nameOf(title)), marked.replaceAll(/[«»]/g, ""));
    });
  }

  it("and all of them are TypeScript that has the handler", async () => {
    assert.equal(changes.paths.length, hostileFiles.length);
    await checkParses(folder, changes);
    using again = await openTypeScript(folder, changes.overlay);
    const known = generatedServices(again).get("t.v1.ThingService");
    assert.ok(known);
    for (const path of changes.paths) {
      const [implementation] = implementationsIn(again, join(folder, path), known);
      assert.ok(implementation?.has.has("watch"), path);
      assert.deepEqual(
        implementation?.handlers.filter(({ isSkeleton }) => isSkeleton).map(({ name }) => name),
        ["watch"],
        path,
      );
    }
  });
});

it("the implementation of a service that is called as a message is found", () => {
  const known = generatedServices(typescript).get("t.v1.Thing");
  assert.equal(known?.exportName, "Thing$");
  const found = findImplementations(typescript, known);
  assert.deepEqual(
    found.map(({ source, handlers }) => [basename(source.path), handlers.map(({ name }) => name)]),
    [["called-as-a-message.ts", ["get"]]],
  );
});

describe("nothing is inserted where it is not certain", () => {
  for (const { title, reason } of doubtfulFiles) {
    it(title, () => {
      const found = implementationsIn(typescript, join(folder, nameOf(title)), service);
      const usable = usableImplementation(folder, watch.service, found, [watch]);
      assert.ok("reason" in usable);
      assert.match(usable.reason, reason);
    });
  }
});
