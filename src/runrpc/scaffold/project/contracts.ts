import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import {
  clone,
  createFileRegistry,
  type DescService,
  equals,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { ProtoSettings } from "./settings.ts";

/** The protos of a project, as buf reads them. */
export interface Contracts {
  readonly descriptors: FileDescriptorSet;
  readonly registry: FileRegistry;
}

const run = promisify(execFile);

/**
 * The contracts of a project.
 *
 * @param overlay texts of protos, by paths inside of the project, as if they were written
 * @throws Error with what buf says of them
 */
export async function readContracts(
  folder: string,
  settings: ProtoSettings,
  overlay: ReadonlyMap<string, string> = new Map(),
): Promise<Contracts> {
  if (overlay.size === 0) return build(folder, folder);
  const copy = mkdtempSync(join(tmpdir(), "runrpc-protos-"));
  try {
    copyProtos(folder, copy, settings);
    for (const [path, text] of overlay) {
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      writeFileSync(join(copy, path), text);
    }
    return await build(folder, copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** What is generated from descriptors, without places in files. */
async function build(project: string, cwd: string): Promise<Contracts> {
  const args = ["build", "--as-file-descriptor-set", "--exclude-source-info", "-o", "-#format=binpb"];
  try {
    const { stdout } = await run(commandOf(project, "buf"), args, {
      cwd,
      encoding: "buffer",
      maxBuffer: 256 * 1024 * 1024,
    });
    const descriptors = fromBinary(FileDescriptorSetSchema, stdout);
    return { descriptors, registry: createFileRegistry(descriptors) };
  } catch (error) {
    const { stderr, code } = error as { stderr?: Buffer; code?: unknown }; // as execFile rejects
    if (code === "ENOENT")
      throw new Error("this needs buf: npm install --save-dev @bufbuild/buf", { cause: error });
    const words = stderr?.toString().trim() || (error instanceof Error ? error.message : String(error));
    throw new Error(`buf does not take the protos: ${words}`, { cause: error });
  }
}

/** A command that the project, or a folder above it, has installed; else one of the machine. */
export function commandOf(folder: string, name: string): string {
  for (let at = folder; ; at = dirname(at)) {
    const place = join(at, "node_modules/.bin", name);
    if (existsSync(place)) return place;
    if (at === dirname(at)) return name;
  }
}

function copyProtos(folder: string, copy: string, { roots }: ProtoSettings): void {
  for (const name of ["buf.yaml", "buf.lock", "buf.work.yaml"]) {
    if (existsSync(join(folder, name))) cpSync(join(folder, name), join(copy, name));
  }
  for (const root of roots) {
    const source = join(folder, root);
    mkdirSync(join(copy, root), { recursive: true });
    const isNeeded = (path: string) =>
      /\.proto$|^buf\.(?:yaml|lock)$/.test(basename(path)) || statSync(path).isDirectory();
    const isInstalled = (path: string) =>
      /(?:^|\/)(?:node_modules|\.git)(?:\/|$)/.test(path.slice(source.length));
    if (existsSync(source)) {
      cpSync(source, join(copy, root), {
        recursive: true,
        dereference: true,
        filter: (path) => path === source || (isNeeded(path) && !isInstalled(path)),
      });
    }
  }
}

/**
 * Proves that the contracts differ by a method and its messages alone.
 *
 * @throws Error that says what else is different
 */
export function checkMethodAdded(
  before: Contracts,
  after: Contracts,
  { service, method, messages }: { service: DescService; method: string; messages: readonly string[] },
): void {
  const rest = clone(FileDescriptorSetSchema, after.descriptors);
  const file = rest.file.find(({ name }) => name === `${service.file.name}.proto`);
  const own = file?.service.find(({ name }) => name === service.name);
  if (file === undefined || own === undefined)
    throw new Error(`the insertion would take ${service.typeName} away`);
  const count = own.method.length;
  own.method = own.method.filter(({ name }) => name !== method);
  file.messageType = file.messageType.filter(({ name }) => !messages.includes(name));
  if (own.method.length !== count - 1 || !equals(FileDescriptorSetSchema, before.descriptors, rest))
    throw new Error(
      `the insertion would change more of ${service.file.name}.proto than ${method} and its messages`,
    );
}
