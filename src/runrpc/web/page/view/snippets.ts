import type { CallSettings } from "../connect/wire.ts";
import type { MethodSchema, Schema, ServiceSchema } from "../schema.ts";

/** A call, as it is told in another language. */
export interface SnippetCall {
  readonly schema: Schema;
  readonly service: ServiceSchema;
  readonly method: MethodSchema;
  /** As JSON; several of a method that streams requests. */
  readonly requests: readonly string[];
  readonly settings: CallSettings;
  /** Such as `http://localhost:50051`. */
  readonly url: string;
}

export interface Snippet {
  readonly title: string;
  readonly text: string;
}

/** The call in other words. The key is in none of them: they take it from the environment. */
export function snippetsOf(call: SnippetCall): readonly Snippet[] {
  const { kind } = call.method;
  return [
    ...(kind === "unary" ? [{ title: "curl", text: curl(call) }] : []),
    { title: "grpcurl", text: grpcurl(call) },
    { title: "runrpc call", text: runrpcCall(call) },
    { title: "TypeScript", text: typescript(call) },
    { title: "Python", text: python(call) },
  ];
}

function curl({ service, method, requests, settings, url }: SnippetCall): string {
  const deadline =
    settings.timeoutMs === undefined ? [] : [["connect-timeout-ms", String(settings.timeoutMs)] as const];
  const headers = [
    ...keyOf(method),
    ["content-type", "application/json"] as const,
    ...deadline,
    ...settings.headers,
  ];
  return lines([
    "curl",
    ...headers.map(([name, value]) => `-H ${headerArgument(name, value)}`),
    `-d ${quoted(requests[0] ?? "{}")}`,
    `${url}/${service.name}/${method.name}`,
  ]);
}

function grpcurl({ service, method, requests, settings, url }: SnippetCall): string {
  const { protocol, host } = new URL(url);
  return lines([
    protocol === "https:" ? "grpcurl" : "grpcurl -plaintext",
    ...[...keyOf(method), ...settings.headers].map(([name, value]) => `-H ${headerArgument(name, value)}`),
    ...(settings.timeoutMs === undefined ? [] : [`-max-time ${settings.timeoutMs / 1_000}`]),
    `-d ${quoted(requests.join("\n") || "{}")}`,
    host.includes(":") ? host : `${host}:${protocol === "https:" ? 443 : 80}`,
    `${service.name}/${method.name}`,
  ]);
}

/** It takes the key from RUNRPC_KEY by itself. */
function runrpcCall({ service, method, requests, settings, url }: SnippetCall): string {
  return lines([
    `npx runrpc call ${service.name}/${method.name}`,
    ...requests.map(quoted),
    `--address ${url}`,
    ...settings.headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(settings.timeoutMs === undefined ? [] : [`--deadline-ms ${settings.timeoutMs}`]),
  ]);
}

function typescript({ schema, service, method, requests, settings, url }: SnippetCall): string {
  const short = lastOf(service.name);
  const input = `${lastOf(method.input)}Schema`;
  const inputFile = generated(schema.messages[method.input]?.file ?? service.file);
  const imports =
    inputFile === generated(service.file)
      ? [`import { ${input}, ${short} } from "./gen/${inputFile}";`]
      : [
          `import { ${input} } from "./gen/${inputFile}";`,
          `import { ${short} } from "./gen/${generated(service.file)}";`,
        ];
  const streamsIn = method.kind === "client_streaming" || method.kind === "bidi_streaming";
  const messages = (requests.length === 0 ? ["{}"] : requests).map((json) => `fromJson(${input}, ${json})`);
  const options = [
    ...(settings.headers.length === 0
      ? []
      : [`headers: ${JSON.stringify(Object.fromEntries(settings.headers))}`]),
    ...(settings.timeoutMs === undefined ? [] : [`timeoutMs: ${settings.timeoutMs}`]),
  ];
  const given = options.length === 0 ? "" : `, { ${options.join(", ")} }`;
  const call = `client.${method.localName}(${streamsIn ? "requests()" : messages[0]}${given})`;
  const streamsOut = method.kind === "server_streaming" || method.kind === "bidi_streaming";
  return [
    'import { fromJson } from "@bufbuild/protobuf";',
    'import { connect } from "runrpc/client";',
    ...imports,
    "",
    `using client = connect("${url}", ${short}, { key: process.env.RUNRPC_KEY });`,
    ...(streamsIn
      ? ["async function* requests() {", ...messages.map((message) => `  yield ${message};`), "}"]
      : []),
    streamsOut ? `for await (const answer of ${call}) console.log(answer);` : `console.log(await ${call});`,
    "",
  ].join("\n");
}

function python({ schema, service, method, requests, settings, url }: SnippetCall): string {
  const { protocol, host } = new URL(url);
  const serviceModule = pythonModule(service.file);
  const inputModule = pythonModule(schema.messages[method.input]?.file ?? service.file);
  const parse = (json: string) =>
    `json_format.Parse(${pythonText(json)}, ${inputModule.name}_pb2.${lastOf(method.input)}())`;
  const messages = (requests.length === 0 ? ["{}"] : requests).map(parse);
  const streamsIn = method.kind === "client_streaming" || method.kind === "bidi_streaming";
  const metadata = [
    ...(method.isPublic ? [] : ['("x-api-key", os.environ["RUNRPC_KEY"])']),
    ...settings.headers.map(([name, value]) => `(${pythonText(name)}, ${pythonText(value)})`),
  ];
  const options = [
    ...(metadata.length === 0 ? [] : [`metadata=[${metadata.join(", ")}]`]),
    ...(settings.timeoutMs === undefined ? [] : [`timeout=${settings.timeoutMs / 1_000}`]),
  ];
  const argument = streamsIn ? `iter([${messages.join(", ")}])` : messages[0];
  const call = `stub.${method.name}(${[argument, ...options].join(", ")})`;
  const streamsOut = method.kind === "server_streaming" || method.kind === "bidi_streaming";
  const channel =
    protocol === "https:"
      ? `grpc.secure_channel("${host}", grpc.ssl_channel_credentials())`
      : `grpc.insecure_channel("${host}")`;
  const modules = new Set([inputModule.from, serviceModule.from]);
  return [
    "import os",
    "",
    "import grpc",
    "from google.protobuf import json_format",
    ...[...modules].map((from) => `${from}_pb2`),
    `${serviceModule.from}_pb2_grpc`,
    "",
    `with ${channel} as channel:`,
    `    stub = ${serviceModule.name}_pb2_grpc.${lastOf(service.name)}Stub(channel)`,
    ...(streamsOut ? [`    for answer in ${call}:`, "        print(answer)"] : [`    print(${call})`]),
    "",
  ].join("\n");
}

function keyOf({ isPublic }: MethodSchema): readonly (readonly [string, string])[] {
  return isPublic ? [] : [["x-api-key", "$RUNRPC_KEY"]];
}

/** A shell fills in the variable of the key; of everything else it changes nothing. */
function headerArgument(name: string, value: string): string {
  return value === "$RUNRPC_KEY" ? `"${name}: ${value}"` : quoted(`${name}: ${value}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function lines(parts: readonly string[]): string {
  return `${parts.join(" \\\n  ")}\n`;
}

/** JSON's escapes are Python's as well. */
function pythonText(text: string): string {
  return JSON.stringify(text);
}

function pythonModule(file: string): { readonly name: string; readonly from: string } {
  const parts = file.replace(/\.proto$/, "").split("/");
  const name = parts.at(-1) ?? "";
  const folder = parts.slice(0, -1).join(".");
  return { name, from: folder === "" ? `import ${name}` : `from ${folder} import ${name}` };
}

function generated(file: string): string {
  return `${file.replace(/\.proto$/, "")}_pb.ts`;
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
