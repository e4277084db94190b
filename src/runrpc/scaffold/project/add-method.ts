import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { closest, didYouMean } from "../../closest.ts";
import { insertRpc } from "../insert-rpc.ts";
import {
  checkMethodName,
  describedKind,
  type MethodKind,
  type MissingHandler,
  messagesText,
  type NewMethod,
  rpcText,
  suggestedScope,
} from "../method-text.ts";
import { createChanges } from "./changes.ts";
import { type Contracts, checkMethodAdded, readContracts } from "./contracts.ts";
import { generatedServices } from "./generated.ts";
import { findImplementations } from "./implementations.ts";
import { advise, checkParses, type Plan, type ProjectPlace, Unsure } from "./plan.ts";
import { type ProtoSettings, readProtoSettings } from "./settings.ts";
import { adviseHandlers, insertSkeletons, usableImplementation } from "./skeletons.ts";
import { generateStep } from "./steps.ts";
import { openTypeScript, readText } from "./typescript.ts";

/** What a new method is. */
export interface MethodRequest {
  readonly service: string;
  readonly method: string;
  readonly kind: MethodKind;
  /** What a caller's key has to have; undefined for what the service's other methods suggest. */
  readonly scopes: readonly string[] | undefined;
}

/**
 * Plans a method: rpc and messages in the contract, and a skeleton of its handler. Undefined where the project has both.
 *
 * @throws Error for what is odd or taken, Unsure where the handler has no certain place
 */
export async function planMethod(project: ProjectPlace, request: MethodRequest): Promise<Plan | undefined> {
  const { folder } = project;
  const settings = readProtoSettings(folder);
  const before = await readContracts(folder, settings);
  const service = findService(before, request.service);
  const known = service.methods.find(({ name }) => name === request.method);
  if (known === undefined) checkMethodName(request.method);
  else if (known.methodKind !== describedKind(request.kind)) throw new Error(otherKind(known));
  const path = protoPathOf(folder, service, settings);
  const changes = createChanges(folder);
  const method = newMethod(service, request);
  let after = before;
  if (known === undefined) {
    checkMessagesFree(before, service, method);
    const text = readText(join(folder, path));
    changes.edit(
      path,
      insertRpc(text, {
        ...method,
        service: service.name,
        rpc: rpcText(method),
        messages: messagesText(method),
      }),
    );
    after = await readContracts(folder, settings, new Map([[path, changes.textOf(path) ?? ""]]));
    checkMethodAdded(before, after, {
      service,
      method: request.method,
      messages: [method.input, method.output],
    });
  }
  const added = findService(after, request.service).methods.find(({ name }) => name === request.method);
  if (added === undefined) throw new Error(`${path} would have no ${request.method}`);
  const handler = missingHandler(added);
  const isThere = await planHandler(
    folder,
    changes,
    handler,
    known === undefined ? { path, method } : undefined,
  );
  if (changes.paths.length === 0) return undefined;
  if (!isThere) await checkParses(folder, changes);
  return {
    changes,
    steps: known === undefined ? [generateStep(folder)] : [],
    next: [
      ...(known === undefined
        ? [`say in ${path} what ${request.method} takes and gives, then \`npx runrpc sync\``]
        : []),
      ...(isThere
        ? []
        : [`replace the skeleton of ${handler.localName}: until then its calls end with UNIMPLEMENTED`]),
    ],
  };
}

/** A method of the contracts as what an implementation may lack. */
export function missingHandler(method: DescMethod): MissingHandler {
  const { name, localName, methodKind, parent } = method;
  return { service: parent.typeName, method: name, localName, kind: methodKind };
}

/** Where a contract is in the project. @throws Error for one that is installed, or comes from elsewhere */
function protoPathOf(folder: string, { file, typeName }: DescService, { roots }: ProtoSettings): string {
  const root = roots.find((place) => existsSync(join(folder, place, `${file.name}.proto`)));
  if (root === undefined || root.includes("node_modules"))
    throw new Error(`${typeName} is in ${file.name}.proto, which is not this project's`);
  return posix.join(root, `${file.name}.proto`);
}

/** Plans the skeleton; true where the implementation has the handler. */
async function planHandler(
  folder: string,
  changes: Plan["changes"],
  handler: MissingHandler,
  proto: { readonly path: string; readonly method: NewMethod } | undefined,
): Promise<boolean> {
  using typescript = await openTypeScript(folder);
  const generated = generatedServices(typescript).get(handler.service);
  if (generated === undefined)
    throw new Error(`there is no generated code of ${handler.service}: run ${generateStep(folder).words}`);
  const found = findImplementations(typescript, generated);
  const usable = usableImplementation(folder, handler.service, found, [handler]);
  if (found.length === 1 && found[0]?.has.has(handler.localName) && !found[0].mayHave.has(handler.localName))
    return true;
  if ("reason" in usable) {
    const rest = proto === undefined ? [] : adviseProto(proto);
    throw new Unsure([usable.reason], [...rest, adviseHandlers(handler.service, [handler])]);
  }
  insertSkeletons(changes, typescript, folder, usable.implementation, [handler]);
  return false;
}

function adviseProto({
  path,
  method,
}: {
  readonly path: string;
  readonly method: NewMethod;
}): readonly string[] {
  return [
    advise(`in ${path}, inside of \`service ${method.service}\``, rpcText(method)),
    advise(`in ${path}, at its end`, messagesText(method)),
  ];
}

/** @throws Error that names what was most likely meant */
function findService({ registry }: Contracts, name: string): DescService {
  const service = registry.getService(name);
  if (service !== undefined) return service;
  const names = [...registry].flatMap((type) => (type.kind === "service" ? [type.typeName] : []));
  const short = names.find((known) => known.split(".").at(-1) === name);
  throw new Error(
    `the protos have no service ${name}${didYouMean(short ?? closest(name, names))} A new one is made by \`runrpc add service\``,
  );
}

function otherKind({ name, methodKind, parent }: DescMethod): string {
  const kind = methodKind.replace("_", "-");
  return `${name} of ${parent.typeName} is there, and is ${kind}: change it in ${parent.file.name}.proto, then run \`runrpc sync\``;
}

function newMethod(service: DescService, { method, kind, scopes }: MethodRequest): NewMethod {
  const hasOptions = service.file.dependencies.some(({ name }) => name === "runrpc/options/v1/options");
  if (scopes !== undefined && !hasOptions)
    throw new Error(
      `${service.file.name}.proto does not import runrpc/options/v1/options.proto, so that no method of it can ask for scopes`,
    );
  return {
    service: service.name,
    method,
    kind,
    input: `${method}Request`,
    output: `${method}Response`,
    scopes: hasOptions ? (scopes ?? [suggestedScope(service.typeName, method)]) : undefined,
  };
}

function checkMessagesFree(
  { registry }: Contracts,
  { file }: DescService,
  { input, output }: NewMethod,
): void {
  for (const name of [input, output]) {
    const full = `${file.proto.package}.${name}`;
    if (registry.get(full) !== undefined)
      throw new Error(
        `${full} is there already: name the method otherwise, or write the rpc by hand and run \`runrpc sync\``,
      );
  }
}
