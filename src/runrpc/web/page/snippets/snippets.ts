import { python } from "./python.ts";
import { curl, grpcurl, runrpcCall } from "./shell.ts";
import type { SnippetCall } from "./snippet-call.ts";
import { typescript } from "./typescript.ts";

export interface Snippet {
  readonly title: string;
  readonly text: string;
}

/** The call in other words. The key is in none of them: they take it from the environment. */
export function snippetsOf(call: SnippetCall): readonly Snippet[] {
  return [
    ...(call.method.kind === "unary" ? [{ title: "curl", text: curl(call) }] : []),
    { title: "grpcurl", text: grpcurl(call) },
    { title: "runrpc call", text: runrpcCall(call) },
    { title: "TypeScript", text: typescript(call) },
    { title: "Python", text: python(call) },
  ];
}
