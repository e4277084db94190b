import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DescMethod, Registry } from "@bufbuild/protobuf";
import { describeMethod } from "./describe.ts";
import { readProto } from "./read-proto.ts";

/**
 * A method as the contract of the working directory's project has it, which has comments; undefined where there is no such
 * project, or where it says anything else of the method or its messages than the server does.
 */
export async function sameMethodHere(method: DescMethod): Promise<DescMethod | undefined> {
  const service = (await contractsHere())?.getService(method.parent.typeName);
  const own = service?.methods.find(({ name }) => name === method.name);
  const isSame = own !== undefined && toldOf(own) === toldOf(method);
  return isSame ? own : undefined;
}

/** The contracts of the working directory's project, with their comments; undefined where there are none to be read. */
export async function contractsHere(): Promise<Registry | undefined> {
  const folder = contractFolder(process.cwd());
  if (folder === undefined) return undefined;
  try {
    return await (await readProto(folder)).describe("");
  } catch {
    return undefined; // files that do not compile, or no buf: what the server says will do
  }
}

function toldOf(method: DescMethod): string {
  return describeMethod(method, { comments: false });
}

/** The nearest folder, upwards, of which buf knows where its contracts are. */
function contractFolder(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "buf.yaml"))) return at;
    if (at === dirname(at)) return undefined;
  }
}
