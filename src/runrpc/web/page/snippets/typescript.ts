import {
  fileOf,
  lastOf,
  namesOf,
  type SnippetCall,
  streamsRequests,
  streamsResponses,
  takesKey,
  typesOfAny,
} from "./snippet-call.ts";
import { quoteWideNumbers } from "./wide-numbers.ts";

/** For a file beside `gen`, run by Node. */
export function typescript(call: SnippetCall): string {
  const { service, method, requests, settings, url } = call;
  const name = lastOf(service.name);
  const input = schemaOf(call, method.input);
  const anys = typesOfAny(call).map((type) => schemaOf(call, type));
  const runtime = anys.length === 0 ? ["fromJson"] : ["createRegistry", "fromJson"];
  const registry = anys.length === 0 ? "" : ", { registry }";
  const messages = requests.map((json) => `fromJson(${input.name}, ${literal(json)}${registry})`);
  const fields = [
    ...(settings.headers.length === 0 ? [] : [`headers: ${JSON.stringify(settings.headers)}`]),
    ...(settings.timeoutMs === undefined ? [] : [`timeoutMs: ${settings.timeoutMs}`]),
  ];
  const options = fields.length === 0 ? "" : `, { ${fields.join(", ")} }`;
  const argument = streamsRequests(call) ? "requests()" : messages[0];
  const made = `client.${method.localName}(${argument}${options})`;
  return [
    ...imports([
      ...runtime.map((each) => ({ name: each, from: "@bufbuild/protobuf" })),
      { name: "connect", from: "runrpc/client" },
      ...[input, { name, from: moduleOf(service.file) }, ...anys],
    ]),
    "",
    ...(anys.length === 0 ? [] : [`const registry = createRegistry(${namesIn(anys).join(", ")});`]),
    `using client = connect(${JSON.stringify(url)}, ${name}${takesKey(call) ? ", { key: process.env.RUNRPC_KEY }" : ""});`,
    ...(streamsRequests(call)
      ? ["async function* requests() {", ...messages.map((message) => `  yield ${message};`), "}"]
      : []),
    streamsResponses(call)
      ? `for await (const answer of ${made}) console.log(answer);`
      : `console.log(await ${made});`,
    "",
  ].join("\n");
}

interface Import {
  readonly name: string;
  readonly from: string;
}

/** A line for each module. */
function imports(all: readonly Import[]): readonly string[] {
  const byModule = Map.groupBy(all, ({ from }) => from);
  return [...byModule].map(([from, some]) => `import { ${namesIn(some).join(", ")} } from "${from}";`);
}

function namesIn(some: readonly Import[]): readonly string[] {
  return [...new Set(some.map(({ name }) => name))].sort();
}

function schemaOf(call: SnippetCall, type: string): Import {
  return { name: `${namesOf(call.schema, type).join("_")}Schema`, from: moduleOf(fileOf(call, type)) };
}

/** Where the generated code of a file is: of Google's own and of the server's in packages. */
function moduleOf(file: string): string {
  const path = file.replace(/\.proto$/, "_pb");
  if (file.startsWith("google/protobuf/")) return "@bufbuild/protobuf/wkt";
  return /^(grpc|runrpc)\//.test(file) ? `runrpc/gen/${path}.js` : `./gen/${path}.ts`;
}

/**
 * JSON as a literal of JavaScript, in which `__proto__` is no member like others, and a number has no more than 53 bits: proto JSON takes
 * integers as text. What is no JSON fails where it is read.
 */
function literal(json: string): string {
  try {
    JSON.parse(json);
  } catch {
    return `JSON.parse(${JSON.stringify(json)})`;
  }
  // Within a string there is a backslash before each quotation mark.
  return quoteWideNumbers(json).replaceAll(/(?<=[{,])"__proto__":/g, '["__proto__"]:');
}
