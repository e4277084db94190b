import { snake } from "./service-names.ts";

/** The four kinds, as the command line spells them. */
export const methodKinds = ["unary", "server-streaming", "client-streaming", "bidi-streaming"] as const;
export type MethodKind = (typeof methodKinds)[number];

/** A kind as descriptors call it. */
export type DescribedKind = "unary" | "server_streaming" | "client_streaming" | "bidi_streaming";

/** What a new method is made from. */
export interface NewMethod {
  readonly service: string;
  readonly method: string;
  readonly kind: MethodKind;
  /** Its own request and response. */
  readonly input: string;
  readonly output: string;
  /** What a caller's key has to have; undefined where the file does not import runrpc's options. */
  readonly scopes: readonly string[] | undefined;
}

/** @throws Error that shows the right form. */
export function checkMethodName(name: string): void {
  if (/^[A-Z][A-Za-z0-9]*$/.test(name) && name.length <= 80) return;
  const words = snake(name.slice(0, 80))
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
  const suggestion = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
  const right = /^[A-Z]/.test(suggestion) ? suggestion : "Track";
  throw new Error(`${JSON.stringify(name.slice(0, 80))} is no name of a method: write it as ${right}`);
}

/**
 * The scope of a new method: `parcels.read` for Get of `parcels.v1.ParcelService`. What only reads, by its name, asks for reading;
 * everything else for writing, which fewer keys may.
 */
export function suggestedScope(service: string, method: string): string {
  const parts = service.split(".");
  const room = parts.at(-3) ?? parts.at(-2) ?? snake(service.replace(/(?!^)Service$/, ""));
  const access = /^(?:Get|List|Count|Find|Search|Stream|Watch)(?![a-z])/.test(method) ? "read" : "write";
  return `${room}.${access}`;
}

/** The rpc of a new method, with two spaces a step. */
export function rpcText({ method, kind, input, output, scopes }: NewMethod): string {
  const [takes, gives] = [streamsIn(kind) ? "stream " : "", streamsOut(kind) ? "stream " : ""];
  const head = `rpc ${method}(${takes}${input}) returns (${gives}${output})`;
  const comment = `// ${method}: say here what it does.`;
  if (scopes === undefined) return `${comment}\n${head};`;
  const list = scopes.map((scope) => JSON.stringify(scope)).join(", ");
  return `${comment}\n${head} {\n  option (runrpc.options.v1.method) = {\n    scopes: [${list}]\n  };\n}`;
}

/** The messages of a new method. */
export function messagesText({ input, output }: NewMethod): string {
  return `message ${input} {}\n\nmessage ${output} {}`;
}

/** A handler that is still to be written, as a member of an object or of a class. */
export function skeletonText(
  { service, method, localName, kind }: MissingHandler,
  container: "object" | "class",
  skeleton: string,
): string {
  const assign = container === "object" ? ": " : " = ";
  const end = container === "object" ? "" : ";";
  return `// To be written: ${handlerForm(localName, kind)}\n${localName}${assign}${skeleton}("${service}/${method}")${end}`;
}

/** A method that an implementation lacks. */
export interface MissingHandler {
  /** With its package. */
  readonly service: string;
  /** As the proto spells it. */
  readonly method: string;
  /** As the implementation spells it. */
  readonly localName: string;
  readonly kind: DescribedKind;
}

/** How a handler of a kind begins and what it does, in one line. */
export function handlerForm(localName: string, kind: DescribedKind): string {
  switch (kind) {
    case "unary":
      return `async ${localName}(request, { signal }) { return {}; }`;
    case "server_streaming":
      return `async *${localName}(request, { signal }) { yield {}; }`;
    case "client_streaming":
      return `async ${localName}(requests, { signal }) { for await (const request of requests) {} return {}; }`;
    case "bidi_streaming":
      return `async *${localName}(requests, { signal }) { for await (const request of requests) yield {}; }`;
  }
}

export function describedKind(kind: MethodKind): DescribedKind {
  // The two spellings differ in the dash alone.
  return kind.replace("-", "_") as DescribedKind;
}

function streamsIn(kind: MethodKind): boolean {
  return kind === "client-streaming" || kind === "bidi-streaming";
}

function streamsOut(kind: MethodKind): boolean {
  return kind === "server-streaming" || kind === "bidi-streaming";
}
