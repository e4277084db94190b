import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { usageError } from "../io.ts";
import type { Reflection } from "./reflect.ts";

/** The greatest descriptor set that is read, in bytes. */
const MAX_BYTES = 256 * 1024 * 1024;

/** buf takes a second for a hundred files. */
const TIMEOUT_MS = 60_000;

/**
 * What files say of a server, in place of its reflection: a `.proto` file, a folder of them, or a descriptor set as
 * `buf build -o api.binpb` and `protoc --descriptor_set_out` write it. Comments come along where the files have them.
 *
 * @throws CommandFailure (usage) for what cannot be read, with what the reader says.
 */
export async function readProto(path: string): Promise<Reflection> {
  const registry = registryFrom(path, await bytesOf(path));
  const services = [...registry].flatMap((type) => (type.kind === "service" ? [type.typeName] : []));
  return { listServices: async () => services.sort(), describe: async () => registry };
}

async function bytesOf(path: string): Promise<Uint8Array> {
  if (/\.(binpb|bin|pb|desc|protoset)$/.test(path)) {
    try {
      return readFileSync(path);
    } catch (error) {
      throw usageError(`--proto: ${error instanceof Error ? error.message : error}`);
    }
  }
  try {
    const { stdout } = await promisify(execFile)(
      findBuf(),
      ["build", ...inputOf(resolve(path)), "--as-file-descriptor-set", "--output", "-"],
      { encoding: "buffer", maxBuffer: MAX_BYTES, timeout: TIMEOUT_MS },
    );
    return stdout;
  } catch (error) {
    throw usageError(`--proto ${path}: ${reasonOf(error)}`);
  }
}

/**
 * A file is read with its package, whose services find the messages beside them, and from the folder that its imports count
 * from: that of `proto/users/v1/users.proto`, of the package users.v1, is `proto`.
 */
function inputOf(path: string): readonly string[] {
  if (!path.endsWith(".proto") || !existsSync(path)) return [path];
  const name = /^\s*package\s+([\w.]+)\s*;/m.exec(readFileSync(path, "utf8"))?.[1] ?? "";
  const folder = dirname(path);
  const within = `/${name.replaceAll(".", "/")}`;
  if (name === "" || !folder.endsWith(within)) return [`${path}#include_package_files=true`];
  return [folder.slice(0, -within.length), "--path", folder];
}

/** The buf that the project has installed, else the one on the PATH. */
function findBuf(): string {
  try {
    const require = createRequire(join(process.cwd(), "package.json"));
    return join(dirname(require.resolve("@bufbuild/buf/package.json")), "bin/buf");
  } catch {
    return "buf";
  }
}

function reasonOf(error: unknown): string {
  const { code, stderr } = error as { code?: unknown; stderr?: Uint8Array }; // as execFile rejects
  if (code === "ENOENT")
    return "buf reads .proto files, and is not here: npm install --save-dev @bufbuild/buf, or give a descriptor set (.binpb)";
  const said = Buffer.from(stderr ?? [])
    .toString()
    .trim();
  return said === "" ? String(error) : said.slice(0, 2_000);
}

function registryFrom(path: string, bytes: Uint8Array): FileRegistry {
  try {
    return createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  } catch (error) {
    throw usageError(
      `--proto ${path} is no descriptor set: ${error instanceof Error ? error.message : error}`,
    );
  }
}
