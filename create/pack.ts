// Makes the two tarballs that are published: `npm run pack`, or `npm run pack -- FOLDER --repository URL`. Each is packed
// from a folder of its own with a package.json for those who depend on it, so that nothing in this one changes, also when
// the packing is cut short.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildSync } from "esbuild";
import { type Manifest, publishedManifest, repositoryField } from "./manifest.ts";
import { makeTemplate } from "./template.ts";

const root = join(import.meta.dirname, "..");

/** What is packed of this repository, and what the compiler reads. */
const ownFiles = ["src/runrpc", "gen", "proto/runrpc", "proto/buf", "tsconfig.json"];
const papers = ["README.md", "LICENSE", "CHANGELOG.md"];

/** Packs runrpc into a folder and gives the tarball. `repository` is an address, for a package with provenance. */
export function packRunrpc(folder: string, repository?: string): string {
  return packed(folder, (staging) => stageRunrpc(staging, repository));
}

/** Packs create-runrpc into a folder and gives the tarball. */
export function packCreate(folder: string, repository?: string): string {
  return packed(folder, (staging) => stageCreate(staging, repository));
}

function packed(folder: string, stage: (staging: string) => void): string {
  const staging = mkdtempSync(join(tmpdir(), "runrpc-pack-"));
  try {
    mkdirSync(folder, { recursive: true });
    stage(staging);
    const args = ["pack", "--silent", "--ignore-scripts", "--pack-destination", resolve(folder)];
    return join(resolve(folder), execFileSync("npm", args, { cwd: staging, encoding: "utf8" }).trim());
  } finally {
    rmSync(staging, { recursive: true });
  }
}

function stageRunrpc(folder: string, repository: string | undefined): void {
  for (const path of [...ownFiles, ...papers]) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  writeManifest(folder, publishedManifest(readManifest("package.json"), repository));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  // The package, and what of it runs in browsers.
  for (const project of ["src/runrpc/tsconfig.build.json", "src/runrpc/web/page/tsconfig.build.json"])
    execFileSync(join(root, "node_modules/.bin/tsc"), ["--project", join(folder, project)], {
      stdio: "inherit",
    });
  for (const path of globSync("src/runrpc/web/page/*.{css,svg}", { cwd: folder }))
    cpSync(join(folder, path), join(folder, "dist", path));
  cpSync(
    join(folder, "src/runrpc/platform/migrations"),
    join(folder, "dist/src/runrpc/platform/migrations"),
    {
      recursive: true,
    },
  );
  writeFileSync(join(folder, "dist/template.json"), templateText());
}

function stageCreate(folder: string, repository: string | undefined): void {
  buildSync({
    entryPoints: [join(root, "create/src/create-runrpc.ts")],
    outfile: join(folder, "create-runrpc.js"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    banner: { js: "#!/usr/bin/env node" },
  });
  writeFileSync(join(folder, "template.json"), templateText());
  cpSync(join(root, "create/README.md"), join(folder, "README.md"));
  cpSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  const { private: _, ...manifest } = readManifest("create/package.json");
  writeManifest(folder, { ...manifest, ...repositoryField(repository) });
}

function templateText(): string {
  return `${JSON.stringify(makeTemplate())}\n`;
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(root, path), "utf8")) as Manifest; // our own
}

function writeManifest(folder: string, manifest: Manifest): void {
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { repository: { type: "string" } },
  });
  const folder = positionals[0] ?? join(root, "dist/packages");
  for (const make of [packRunrpc, packCreate]) process.stdout.write(`${make(folder, values.repository)}\n`);
}
