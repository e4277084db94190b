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
 * The environment of a server. glibc reads it when a process starts, so that the server has to be started with it.
 *
 * Each thread has a malloc heap of its own, from which what is free does not come back to the others: with one for all, a server
 * keeps less memory after many streams have ended (`npm run bench -- --only idle`). And a large buffer that is freed makes
 * glibc take the next ones from the heap, where small ones behind them keep them for good: with a bound that stays, what is
 * above it goes back to the system. After requests of 4 MB that was 20 MB above the start instead of 57.
 */
const environment = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "2097152",
  MALLOC_TRIM_THRESHOLD_: "4194304",
  ...process.env,
};

/**
 * Node's flags of a server. Under load V8 doubles the space of young objects to 64 MiB, which then does not fit the
 * processor's caches and is touched page by page, so that the same call costs more in one process than in the next.
 */
const flags = ["--max-semi-space-size=16"];

/** Node does not strip types in node_modules, so a published package holds the built files alone, and a clone the sources. */
const source = new URL("./cli/cli.ts", import.meta.url);
const isClone = existsSync(fileURLToPath(source));

/** In a clone the application imports the package by its name, which leads to the sources under this condition. */
const condition = "--conditions=runrpc-source";

if (Number.parseInt(process.versions.node, 10) < neededMajor) runOn(findNode());
else if (isAsNeeded() || !startAgain()) runHere();

function isAsNeeded() {
  const hasCondition = !isClone || process.execArgv.includes(condition);
  return hasCondition && (!isServer() || process.env.MALLOC_ARENA_MAX !== undefined);
}

function neededFlags() {
  const { execArgv, env } = process;
  const isTuned = !isServer() || env.MALLOC_ARENA_MAX !== undefined;
  return [...(isTuned ? [] : flags), ...(isClone && !execArgv.includes(condition) ? [condition] : [])];
}

function isServer() {
  return process.argv[2] === "serve" || basename(process.argv[1] ?? "") === "rungrpc";
}

/**
 * Starts this program once more with what it lacks, in the same process. Where that cannot be, a clone gets a child, and a
 * server does without. False: it goes on here.
 */
function startAgain() {
  const { execPath, execArgv, argv, env } = process;
  // Under `node --watch` there is a channel to the parent, which would be lost.
  if (process.platform === "linux" && !process.connected && process.execve !== undefined) {
    try {
      const args = [execPath, ...neededFlags(), ...execArgv, ...argv.slice(1)];
      process.execve(execPath, args, isServer() ? environment : env);
    } catch {
      // Node's permission model, where it is on, may forbid it.
    }
  }
  if (!isClone || execArgv.includes(condition)) return false;
  runOn(execPath);
  return true;
}

function runHere() {
  // Keeps compiled code and stripped types between runs in the system's temporary folder: a third of a start's CPU.
  if (nodeModule.enableCompileCache) nodeModule.enableCompileCache();
  const built = new URL("../../dist/src/runrpc/cli/cli.js", import.meta.url);
  import(isClone ? source.href : built.href)
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
  const args = [...(isServer() ? flags : []), ...(isClone ? [condition] : []), ...process.argv.slice(1)];
  const child = spawn(node, args, { stdio: "inherit", env: environment });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"]) process.on(name, () => child.kill(name));
  child.on("error", (error) => {
    process.stderr.write(`${node} does not start: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}
