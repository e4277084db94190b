import {
  fileOf,
  lastOf,
  namesOf,
  type SnippetCall,
  streamsRequests,
  streamsResponses,
  takesKey,
  targetOf,
  typesOfAny,
} from "./snippet-call.ts";

/** For a file beside what `grpc_tools.protoc` has written from `proto`. */
export function python(call: SnippetCall): string {
  const { schema, service, method, requests, settings, url } = call;
  const { isTls, target } = targetOf(url);
  const input = moduleOf(fileOf(call, method.input));
  const stub = moduleOf(service.file);
  const type = `${input.name}_pb2.${namesOf(schema, method.input).join(".")}`;
  const messages = requests.map((json) => `json_format.Parse(${text(json)}, ${type}())`);
  const metadata = [
    ...(takesKey(call) ? ['("x-api-key", os.environ["RUNRPC_KEY"])'] : []),
    ...settings.headers.map(([name, value]) => pairOf(name.toLowerCase(), value)),
  ];
  const made = [
    streamsRequests(call) ? `iter([${messages.join(", ")}])` : messages[0],
    ...(metadata.length === 0 ? [] : [`metadata=[${metadata.join(", ")}]`]),
    ...(settings.timeoutMs === undefined ? [] : [`timeout=${settings.timeoutMs / 1_000}`]),
  ];
  const answer = `stub.${method.name}(${made.join(", ")})`;
  const channel = isTls
    ? `grpc.secure_channel("${target}", grpc.ssl_channel_credentials())`
    : `grpc.insecure_channel("${target}")`;
  // Each type has a place among those that JSON may name as soon as its module is there.
  const others = typesOfAny(call).map((each) => `import ${moduleOf(fileOf(call, each)).path}_pb2`);
  const standard = ["base64", "os"].filter((name) => metadata.some((pair) => pair.includes(`${name}.`)));
  return [
    ...standard.map((name) => `import ${name}`),
    ...(standard.length === 0 ? [] : [""]),
    "import grpc",
    "from google.protobuf import json_format",
    ...new Set([...others, `${input.from}_pb2`, `${stub.from}_pb2_grpc`]),
    "",
    `with ${channel} as channel:`,
    `    stub = ${stub.name}_pb2_grpc.${lastOf(service.name)}Stub(channel)`,
    ...(streamsResponses(call)
      ? [`    for answer in ${answer}:`, "        print(answer)"]
      : [`    print(${answer})`]),
    "",
  ].join("\n");
}

/** JSON's escapes are Python's as well. */
function text(value: string): string {
  return JSON.stringify(value);
}

/** Binary metadata is bytes there, and base64 on its way, where its padding may be left out. */
function pairOf(name: string, value: string): string {
  if (!name.endsWith("-bin")) return `(${text(name)}, ${text(value)})`;
  const padded = value.padEnd(Math.ceil(value.length / 4) * 4, "=");
  return `(${text(name)}, base64.b64decode(${text(padded)}))`;
}

/** The modules that are made of a file, without what their names end with. Those of gRPC's own files come with packages of grpcio's. */
function moduleOf(file: string) {
  const parts = file
    .replace(/\.proto$/, "")
    .replace(/^grpc\//, "grpc_")
    .replaceAll("-", "_")
    .split("/");
  const name = parts.at(-1) ?? "";
  const folder = parts.slice(0, -1).join(".");
  return {
    name,
    path: parts.join("."),
    from: folder === "" ? `import ${name}` : `from ${folder} import ${name}`,
  };
}
