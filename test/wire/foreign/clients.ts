import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, go, onPath, python, type Tool } from "../tools.ts";

const run = promisify(execFile);
const here = import.meta.dirname;
/** What the clients are built into: it stays from run to run. */
const folder = join(cacheFolder, "foreign");
/** Of what takes long to build, and is the same in every clone: as Go and Maven keep it by themselves. */
const userFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "runrpc");

/** A client of a library that is not ours. */
export interface ForeignClient {
  readonly name: string;
  /** Why it cannot be had here. */
  readonly skip: string | false;
  /** Builds it, where it has to be built; nothing is left to do when nothing has changed. */
  build(): Promise<void>;
  /** Its program and arguments; with the file of an authority it speaks TLS, where it can. */
  command(address: string, caFile?: string): readonly [program: string, ...args: string[]];
  readonly speaksTls: boolean;
}

const nothing = async (): Promise<void> => {};
const withCa = (caFile: string | undefined): string[] => (caFile === undefined ? [] : [caFile]);

function goClient(library: string): ForeignClient {
  const { path, skip } = go();
  const program = join(folder, "go-client");
  return {
    name: library,
    skip,
    async build() {
      await mkdir(folder, { recursive: true });
      await run(path, ["build", "-trimpath", "-o", program, "."], { cwd: join(here, "go") });
    },
    command: (address, caFile) => [
      program,
      `--library=${library}`,
      ...(caFile === undefined ? [] : [`--ca=${caFile}`]),
      address,
    ],
    speaksTls: true,
  };
}

function tonicClient(): ForeignClient {
  const { path, skip } = onPath("cargo");
  const target = join(userFolder, "rust");
  return {
    name: "tonic",
    skip,
    async build() {
      const manifest = join(here, "rust/Cargo.toml");
      const args = ["build", "--locked", "--quiet", "--manifest-path", manifest, "--target-dir", target];
      await run(path, args);
    },
    command: (address) => [join(target, "debug/foreign"), address],
    speaksTls: false,
  };
}

/** The program is compiled as it is run; Maven brings what it needs. */
function javaClient(): ForeignClient {
  const maven = onPath("mvn");
  const java = onPath("java");
  const libraries = join(folder, "java");
  return {
    name: "grpc-netty (Java)",
    skip: maven.skip || java.skip,
    async build() {
      if (existsSync(join(libraries, ".complete"))) return;
      const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${libraries}`];
      await run(maven.path, ["--quiet", "--batch-mode", "--file", join(here, "java/pom.xml"), ...goal]);
      await mkdir(join(libraries, ".complete"));
    },
    command: (address, caFile) => [
      java.path,
      ...["--class-path", join(libraries, "*"), join(here, "java/Client.java")],
      ...[address, ...withCa(caFile)],
    ],
    speaksTls: true,
  };
}

function scriptClient(name: string, { path, skip }: Tool, file: string): ForeignClient {
  return {
    name,
    skip,
    build: nothing,
    command: (address, caFile) => [path, join(here, file), address, ...withCa(caFile)],
    speaksTls: true,
  };
}

/** One of each library: Go, Rust, Java, C core, JavaScript. */
export const foreignClients: readonly ForeignClient[] = [
  goClient("grpc-go"),
  goClient("connect-go"),
  tonicClient(),
  javaClient(),
  scriptClient("grpcio (C core)", python(), "client.py"),
  scriptClient("grpc-js", { path: process.execPath, skip: false }, "grpc-js.ts"),
];
