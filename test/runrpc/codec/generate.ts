import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "../../..");

/**
 * Generates the messages of contracts, and codecs with the plugin as it is, for what is not worth committing. Gives the folder
 * that they are in.
 *
 * @param proto the folder of the contracts.
 * @param folder one for what is made of them, which is no part of node_modules: Node strips no types there.
 */
export async function generateCode(proto: string, folder: string): Promise<string> {
  const out = join(folder, "gen");
  // Generated code finds protobuf-es there: the one that everybody else in the process has.
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  const template = {
    version: "v2",
    plugins: [
      {
        local: "protoc-gen-es",
        out,
        strategy: "all",
        opt: ["target=ts", "import_extension=ts", "erasable_syntax=true"],
      },
      {
        local: [process.execPath, "src/runrpc/codec/plugin/main.ts"],
        out,
        strategy: "all",
        opt: `runtime=${join(root, "src/runrpc/codec.ts")}`,
      },
    ],
  };
  const bin = join(root, "node_modules/.bin");
  await promisify(execFile)(join(bin, "buf"), ["generate", proto, "--template", JSON.stringify(template)], {
    cwd: root,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
  });
  return out;
}
