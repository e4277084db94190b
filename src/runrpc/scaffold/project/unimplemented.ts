import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import type { Contracts } from "./contracts.ts";
import type { ProtoSettings } from "./settings.ts";
import type { TypeScriptProject } from "./typescript.ts";

/** Contracts of others that lie among a project's own. */
const published = /^(?:buf|google|grpc|runrpc)\./;

/**
 * The services of the project's own protos that no file names: neither one that implements them, nor one that calls them.
 *
 * @param exported what each is called in the generated code; undefined where there is none of it.
 */
export function unnamedServices(
  { files, textOf }: TypeScriptProject,
  folder: string,
  { roots }: ProtoSettings,
  { registry }: Contracts,
  exported: (typeName: string) => string | undefined,
): readonly DescService[] {
  const own = roots.filter((root) => !root.includes("node_modules"));
  const services = [...registry]
    .filter((type) => type.kind === "service")
    .filter(({ typeName }) => !published.test(typeName))
    .filter(({ file }) => own.some((root) => existsSync(join(folder, root, `${file.name}.proto`))));
  const texts = files.filter((file) => !/_(?:pb|codec)\.(?:d\.)?[cm]?[jt]s$/.test(file)).map(textOf);
  return services.filter(({ typeName }) => {
    const name = exported(typeName);
    return name === undefined || !texts.some((text) => text.includes(name));
  });
}

/** How a service that nothing implements is begun. */
export function howToBegin(name: string, main: string): string {
  return `write \`export function create${name}(): ServiceImpl<typeof ${name}> { return {}; }\`, name it in the services of ${main}, and \`runrpc sync\` gives it its handlers`;
}
