import { masksAsMessages } from "./masks-as-messages.ts";
import { isKey, type SnippetCall, takesKey, targetOf, withoutNamed } from "./snippet-call.ts";

/** Unary calls alone: of a stream curl would have to write and read the frames. */
export function curl(call: SnippetCall): string {
  const { service, method, requests, settings, url } = call;
  const { timeoutMs } = settings;
  const own = withoutNamed(
    [
      ["content-type", "application/json"],
      ...(timeoutMs === undefined ? [] : [["connect-timeout-ms", String(timeoutMs)] as const]),
    ],
    settings,
  );
  return lines([
    "curl",
    ...keyArgument(call),
    ...[...own, ...settings.headers].map(
      // Without a value and with a colon it takes a header away.
      ([name, value]) => `-H ${quoted(value === "" ? `${name};` : `${name}: ${value}`)}`,
    ),
    `-d ${quoted(requests[0])}`,
    quoted(`${url}/${service.name}/${method.name}`),
  ]);
}

export function grpcurl(call: SnippetCall): string {
  const { schema, service, method, requests, settings, url } = call;
  const { isTls, target } = targetOf(url);
  return lines([
    isTls ? "grpcurl" : "grpcurl -plaintext",
    ...keyArgument(call),
    ...settings.headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(settings.timeoutMs === undefined ? [] : [`-max-time ${settings.timeoutMs / 1_000}`]),
    ...(hasReflection(call) ? [] : [`-import-path proto -proto ${quoted(service.file)}`]),
    `-d ${quoted(requests.map((json) => masksAsMessages(schema, method.input, json)).join("\n"))}`,
    quoted(target),
    `${service.name}/${method.name}`,
  ]);
}

/** It takes the key from RUNRPC_KEY by itself. */
export function runrpcCall(call: SnippetCall): string {
  const { service, method, requests, settings, url } = call;
  const [, key] = settings.headers.findLast(isKey) ?? [];
  const headers = settings.headers.filter((header) => !isKey(header));
  return lines([
    `npx runrpc call ${service.name}/${method.name}`,
    ...requests.map(quoted),
    `--address ${quoted(url)}`,
    ...(key === undefined ? [] : [`--key ${quoted(key)}`]),
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(settings.timeoutMs === undefined ? [] : [`--deadline-ms ${settings.timeoutMs}`]),
    ...(hasReflection(call) ? [] : ["--proto proto"]),
  ]);
}

/** How a client that knows nothing of the server learns its methods. */
function hasReflection({ schema }: SnippetCall): boolean {
  return schema.services.some(({ name }) => name.startsWith("grpc.reflection."));
}

/** In double quotes, in which a shell fills in the variable; of all else that stands here it changes nothing. */
function keyArgument(call: SnippetCall): readonly string[] {
  return takesKey(call) ? ['-H "x-api-key: $RUNRPC_KEY"'] : [];
}

/** As one word of a shell. What every shell takes as it is stays without quotes. */
function quoted(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function lines(parts: readonly string[]): string {
  return `${parts.join(" \\\n  ")}\n`;
}
