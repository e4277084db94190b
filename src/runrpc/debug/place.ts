import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** One frame of a stack: of an error, of a thread that was stopped, or of a profile. */
export interface Frame {
  /** A file URL or a path; `node:…` of Node's own code, empty of native code. */
  readonly url: string;
  /** From 1. */
  readonly line: number;
  readonly functionName: string;
}

/** Whose code a frame is. */
export type Owner = "user" | "library" | "runrpc" | "node";

/** Of a clone `src/runrpc/`, of the package `dist/src/runrpc/`. */
const OWN_FOLDER = fileURLToPath(new URL("../", import.meta.url));

/** Whose code runs in a file. Code without a file is Node's or V8's. */
export function ownerOf(url: string): Owner {
  if (url === "" || url.startsWith("node:") || url.startsWith("wasm:")) return "node";
  const path = pathOf(url);
  if (path.startsWith(OWN_FOLDER)) return "runrpc";
  return path.includes("/node_modules/") ? "library" : "user";
}

/**
 * The frame that a person can change something in: the first one of the user's code, else the first one of a library's.
 * Undefined where there is none, or where runrpc's own code is nearer: what that does is not the user's.
 */
export function placeOf(frames: readonly Frame[]): Frame | undefined {
  return frames.find(({ url }) => ownerOf(url) === "user") ?? nearestOf(frames, "library");
}

/** The same, where runrpc's own code may not have come in between. */
export function directPlaceOf(frames: readonly Frame[]): Frame | undefined {
  const first = frames.find(({ url }) => ownerOf(url) !== "node");
  return first === undefined || ownerOf(first.url) === "runrpc" ? undefined : placeOf(frames);
}

/** `src/services/users/service.ts:40 (getUser)`; the path is that from the working directory, where the file is in it. */
export function placeText({ url, line, functionName }: Frame): string {
  const path = pathOf(url);
  const near = relative(process.cwd(), path);
  const file = near.startsWith("..") ? path : near;
  return functionName === "" ? `${file}:${line}` : `${file}:${line} (${functionName})`;
}

/** The frames of an error's stack, as V8 writes it: `    at name (file:///x.ts:1:2)` or `    at /x.ts:1:2`. */
export function framesOf(stack: string): readonly Frame[] {
  const frames: Frame[] = [];
  for (const text of stack.split("\n")) {
    const [, name = "", inside, bare] =
      /^\s+at (?:(?:async )?(.*?) ?\((.*?)\)|(?:async )?(.*))$/.exec(text) ?? [];
    const [, url, line] = /^(.*?):(\d+)(?::\d+)?$/.exec(inside ?? bare ?? "") ?? [];
    // What V8 puts before a method says nothing: `Object.getUser`, `async Object.getUser`.
    const functionName = name.replace(/^(?:async )?(?:Object|Function)\./, "");
    if (url !== undefined) frames.push({ url, line: Number(line), functionName });
  }
  return frames;
}

function nearestOf(frames: readonly Frame[], owner: Owner): Frame | undefined {
  const found = frames.findIndex(({ url }) => ownerOf(url) === owner);
  const own = frames.findIndex(({ url }) => ownerOf(url) === "runrpc");
  return found === -1 || (own !== -1 && own < found) ? undefined : frames[found];
}

function pathOf(url: string): string {
  if (!url.startsWith("file:")) return url;
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}
