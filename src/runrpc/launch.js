#!/usr/bin/env node
// The command's first file: plain JavaScript, because it has to run on whatever Node the machine has. The sources are
// TypeScript and the database driver ends an older Node with a segmentation fault, so such a Node hands over to the
// Node 24 that npm installed beside this package.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { constants } from "node:os";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

const neededMajor = 24;

/**
 * The environment of a server. glibc gives each thread a heap of its own, from which what is free does not come back to
 * the others: with one for all, a server that had 10,000 streams open keeps about a tenth more memory than before
 * instead of a sixth. It is read when a process starts, so that the server has to be started with it.
 */
const environment = { MALLOC_ARENA_MAX: "1", ...process.env };

/**
 * Node's flags of a server. Under load V8 doubles the space of young objects to 64 MiB, which then does not fit the
 * processor's caches and is touched page by page: what a small call costs varied by half from one process to the next.
 */
const flags = ["--max-semi-space-size=16"];

if (Number.parseInt(process.versions.node, 10) >= neededMajor) {
  if (isServer() && process.env.MALLOC_ARENA_MAX === undefined) becomeServer();
  runHere();
} else {
  runOn(findNode());
}

function isServer() {
  return process.argv[2] === "serve" || basename(process.argv[1] ?? "") === "rungrpc";
}

/** Starts this program once more, in the same process. Where that cannot be, the server does without. */
function becomeServer() {
  // Under `node --watch` there is a channel to the parent, which would be lost.
  if (process.platform !== "linux" || process.connected || process.execve === undefined) return;
  try {
    const { execPath, execArgv, argv } = process;
    process.execve(execPath, [execPath, ...flags, ...execArgv, ...argv.slice(1)], environment);
  } catch {
    // Node's permission model, where it is on, may forbid it.
  }
}

function runHere() {
  // Keeps compiled code and stripped types between runs in the system's temporary folder: a third of a start's CPU.
  if (nodeModule.enableCompileCache) nodeModule.enableCompileCache();
  const source = new URL("./cli/cli.ts", import.meta.url);
  const built = new URL("../../dist/src/cli.js", import.meta.url);
  // Node does not strip types in node_modules, so a published package holds the built files alone.
  import(existsSync(fileURLToPath(source)) ? source.href : built.href)
    .then(({ main }) => main(process.argv))
    .then((code) => process.exit(code));
}

function findNode() {
  try {
    const { resolve } = nodeModule.createRequire(import.meta.url);
    return resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return undefined;
  }
}

function runOn(node) {
  if (node === undefined) {
    process.stderr.write(
      `runrpc needs Node ${neededMajor} or later, and this is ${process.version}. Install it from https://nodejs.org, or ` +
        `let npm install the optional dependency node-${process.platform}-${process.arch} (npm install --include=optional).\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [...(isServer() ? flags : []), ...process.argv.slice(1)], {
    stdio: "inherit",
    env: environment,
  });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => child.kill(name));
  child.on("error", (error) => {
    process.stderr.write(`${node} does not start: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}
