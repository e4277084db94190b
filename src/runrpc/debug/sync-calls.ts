import childProcess from "node:child_process";
import crypto from "node:crypto";
import { tracingChannel } from "node:diagnostics_channel";
import fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import zlib from "node:zlib";
import type { CallHead } from "../server/call/call.ts";
import { type TakenStack, takeStack } from "./stack.ts";

/** A function that holds the loop until it has its result, called as a part of a call. */
export interface SyncCall {
  /** Such as `fs.readFileSync`. */
  readonly name: string;
  readonly call: CallHead;
  readonly tookMs: number;
  readonly stack: TakenStack;
  readonly cure: string;
}

export interface SyncCallsOptions {
  readonly currentCall: () => CallHead | undefined;
  readonly onCall: (call: SyncCall) => void;
  /** Told before such a function runs, and with an empty text after it. */
  readonly note: (text: string) => void;
}

/**
 * Sees such calls: the `…Sync` functions of fs, crypto, zlib and child_process, and better-sqlite3. They are wrapped while
 * somebody watches; what has taken one of them out of its module before is not seen. Returns the end of it.
 */
export function watchSyncCalls(options: SyncCallsOptions): () => void {
  let isInside = false;
  const undo: (() => void)[] = [];

  function wrap(owner: object, key: string, name: string, cure: string): void {
    const functions = owner as Record<string, unknown>;
    const original = functions[key];
    if (typeof original !== "function") return;
    const watched = function (this: unknown, ...args: unknown[]): unknown {
      const call = isInside ? undefined : options.currentCall();
      if (call === undefined) return Reflect.apply(original, this, args);
      isInside = true;
      options.note(`${name} in ${call.path.slice(1)}, request ${call.requestId}`);
      const startedMs = performance.now();
      try {
        return Reflect.apply(original, this, args);
      } finally {
        const tookMs = performance.now() - startedMs;
        isInside = false;
        options.note("");
        options.onCall({ name, call, tookMs, stack: takeStack(watched), cure });
      }
    };
    // fs.realpathSync.native, name and length.
    Object.defineProperties(watched, Object.getOwnPropertyDescriptors(original));
    functions[key] = watched;
    undo.push(() => {
      if (functions[key] === watched) functions[key] = original;
    });
  }

  for (const [module, name, cureOf] of MODULES)
    for (const key of Object.keys(module))
      if (key.endsWith("Sync")) wrap(module, key, `${name}.${key}`, cureOf(key));
  syncBuiltinESMExports();

  const patchSqlite = (database: unknown): void => {
    const prototype = typeof database === "function" ? database.prototype : undefined;
    if (prototype === undefined || patched.has(prototype)) return;
    patched.add(prototype);
    for (const key of ["exec", "pragma"]) wrap(prototype, key, `better-sqlite3 ${key}`, SQLITE_CURE);
    onPrepare(prototype, undo, (statement) => {
      if (patched.has(statement)) return;
      patched.add(statement);
      for (const key of ["run", "get", "all"]) wrap(statement, key, `better-sqlite3 ${key}`, SQLITE_CURE);
    });
  };
  const patched = new WeakSet<object>();
  const stop = onLoaded("better-sqlite3", patchSqlite);

  return () => {
    stop();
    for (const step of undo.reverse()) step();
    syncBuiltinESMExports();
  };
}

const SQLITE_CURE =
  "let it be a query of the store: those run in worker threads (docs/data.md), or open the database in a thread of your own";

const MODULES = [
  [fs, "fs", (key: string) => `use \`fs.promises.${key.replace(/Sync$/, "")}\`, which is awaited`],
  [crypto, "crypto", asyncTwin("crypto")],
  [zlib, "zlib", asyncTwin("zlib")],
  [childProcess, "child_process", asyncTwin("child_process")],
] as const;

function asyncTwin(module: string): (key: string) => string {
  return (key) =>
    `use \`${module}.${key.replace(/Sync$/, "")}\` with a callback (util.promisify), or a thread`;
}

/** Calls `take` with what a package exports, where it is loaded already and each time that it is from here on. */
function onLoaded(name: string, take: (exported: unknown) => void): () => void {
  const isIts = (id: string): boolean =>
    id === name || new RegExp(`/node_modules/${name}/(lib/)?[\\w.]+$`).test(id.replaceAll("\\", "/"));
  const { cache } = createRequire(import.meta.url);
  for (const [id, module] of Object.entries(cache)) if (isIts(id)) take(module?.exports);
  const channel = tracingChannel("module.require");
  const subscriber = {
    end(event: unknown) {
      const { id, result } = event as { readonly id?: unknown; readonly result?: unknown }; // as Node's docs have it
      if (typeof id === "string" && isIts(id)) take(result);
    },
  };
  channel.end.subscribe(subscriber.end);
  return () => channel.end.unsubscribe(subscriber.end);
}

/** Calls `take` with the prototype of the statements of a database, which is only reached by one of them. */
function onPrepare(
  prototype: { prepare?: unknown },
  undo: (() => void)[],
  take: (statement: object) => void,
): void {
  const { prepare } = prototype;
  if (typeof prepare !== "function") return;
  prototype.prepare = function (this: unknown, ...args: unknown[]): unknown {
    const statement: unknown = Reflect.apply(prepare, this, args);
    if (typeof statement === "object" && statement !== null) take(Object.getPrototypeOf(statement));
    return statement;
  };
  undo.push(() => {
    prototype.prepare = prepare;
  });
}
