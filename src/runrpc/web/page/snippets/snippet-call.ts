import type { CallSettings, Metadata } from "../connect/call-settings.ts";
import type { MethodSchema, Schema, ServiceSchema } from "../schema.ts";

/** A call, as it is told in another language. */
export interface SnippetCall {
  readonly schema: Schema;
  readonly service: ServiceSchema;
  readonly method: MethodSchema;
  /** As JSON; several of a method that streams requests. What is no JSON is told as it is. */
  readonly requests: readonly [string, ...string[]];
  readonly settings: CallSettings;
  /** Such as `http://localhost:50051`. */
  readonly url: string;
}

/** Whether the key of the environment goes along. Where a person has written another one, that is the key. */
export function takesKey({ method, settings }: SnippetCall): boolean {
  return !method.isPublic && !settings.headers.some(isKey);
}

/** Whether a header is that of the key. */
export function isKey([name]: Metadata[number]): boolean {
  return name.toLowerCase() === "x-api-key";
}

/** Headers of the call's own, but for those that a person has named himself. */
export function withoutNamed(own: Metadata, { headers }: CallSettings): Metadata {
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  return own.filter(([name]) => !named.has(name));
}

export function streamsRequests({ method }: SnippetCall): boolean {
  return method.kind === "client_streaming" || method.kind === "bidi_streaming";
}

export function streamsResponses({ method }: SnippetCall): boolean {
  return method.kind === "server_streaming" || method.kind === "bidi_streaming";
}

/** Host and port, as gRPC's clients take them: without a port they would take that of TLS. */
export function targetOf(url: string): { readonly isTls: boolean; readonly target: string } {
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === "https:";
  return { isTls, target: `${hostname}:${port || (isTls ? 443 : 80)}` };
}

/** The types that an Any in the requests names, and the server knows, by their full names. */
export function typesOfAny({ schema, requests }: SnippetCall): readonly string[] {
  const found = requests.flatMap((json) =>
    [...json.matchAll(/"@type":"[^"\\]*\/([^"\\/]+)"/g)].map(([, type = ""]) => type),
  );
  return [...new Set(found)].filter((type) => schema.messages[type] !== undefined);
}

/** `Outer` and `Inner` of `users.v1.Outer.Inner`. */
export function namesOf(schema: Schema, type: string): readonly string[] {
  const dot = type.lastIndexOf(".");
  const parent = type.slice(0, Math.max(0, dot));
  const outer = schema.messages[parent] === undefined ? [] : namesOf(schema, parent);
  return [...outer, type.slice(dot + 1)];
}

/** The file that has a message. */
export function fileOf({ schema, service }: SnippetCall, type: string): string {
  return schema.messages[type]?.file ?? service.file;
}

export function lastOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
