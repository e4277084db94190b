import { createRegistry, type DescFile, type DescService, type Registry } from "@bufbuild/protobuf";

/**
 * Every message in the files of the services and in the files that these import. The JSON format needs it to read and
 * write a google.protobuf.Any, which names the type of its contents; the binary format does not look inside.
 */
export function createMessageRegistry(services: readonly DescService[]): Registry {
  const files = new Set<DescFile>();
  const collect = (file: DescFile): void => {
    if (files.has(file)) return;
    files.add(file);
    file.dependencies.forEach(collect);
  };
  for (const { file } of services) collect(file);
  return createRegistry(...files);
}
