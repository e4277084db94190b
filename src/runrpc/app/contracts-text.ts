import {
  create,
  createFileRegistry,
  type DescFile,
  fromBinary,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Contracts with their comments as text, for another process; empty where there are none. */
export function textOfContracts(contracts: Registry | undefined): string {
  const files = new Set<DescFile>();
  const add = (file: DescFile): void => {
    if (files.has(file)) return;
    file.dependencies.forEach(add);
    files.add(file);
  };
  for (const { file } of contracts ?? []) add(file);
  const set = create(FileDescriptorSetSchema, { file: [...files].map(({ proto }) => proto) });
  return Buffer.from(toBinary(FileDescriptorSetSchema, set)).toString("base64");
}

/** As `textOfContracts` has made it; undefined where there are none. */
export function contractsFromText(text: string): Registry | undefined {
  if (text === "") return undefined;
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(text, "base64")));
}
