import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { MessageShape } from "@bufbuild/protobuf";
import type { ServiceImpl as ConnectServiceImpl, HandlerContext } from "@connectrpc/connect";
import { API, type Diagnostic } from "typescript/unstable/sync";
import type { Answer, ServiceImpl } from "../../../../src/runrpc/server/routes/service-impl.ts";
import type {
  ConformancePayload_RequestInfoSchema,
  ConformanceService,
} from "../../../conformance/gen/connectrpc/conformance/v1/service_pb.ts";

type Conformance = ServiceImpl<typeof ConformanceService>;

/** Never called: what matters is that `tsc` takes it, and that what stands below a directive is refused. */
function typesOfHandlers(
  connects: ConnectServiceImpl<typeof ConformanceService>,
  info: MessageShape<typeof ConformancePayload_RequestInfoSchema>,
  context: HandlerContext,
): readonly Partial<Conformance>[] {
  const own: Conformance = connects;
  const rows: Answer<typeof info> = { requestHeaders: [{ name: "a", value: ["b"] as const }] };
  return [
    own,
    {
      unary: () => ({ payload: { requestInfo: info } }),
      async *serverStream({ responseDefinition }) {
        yield { payload: { data: responseDefinition?.responseData[0], requestInfo: rows } };
      },
      async clientStream(requests) {
        for await (const { requestData } of requests) return { payload: { data: requestData } };
        return {};
      },
      async *bidiStream(requests, { signal }) {
        signal.throwIfAborted();
        for await (const { requestData: data } of requests) yield { payload: { data } };
      },
      idempotentUnary: async (_request, { signal }) => ({
        payload: signal === context.signal ? {} : undefined,
      }),
    },
    // @ts-expect-error a method that the service does not have
    { unry: () => ({}) },
    // @ts-expect-error a stream where one answer belongs
    { async *unary() {} },
    // @ts-expect-error one answer where a stream belongs
    { serverStream: async () => ({}) },
    // @ts-expect-error no answer
    { unary: async () => {} },
    // @ts-expect-error a field of another type in the argument of a call
    { unary: () => ({ payload: { data: "text" } }) },
  ];
}

/** What is wrong with a handler, and what `tsc` says of it, in its first line and its last. */
const mistakes = [
  {
    title: "a field with a value of another type",
    handler: "async unary() { return { payload: { requestInfo: { timeoutMs: new Date() } } }; }",
    first: /is not assignable to type 'Unary<UnaryRequest, UnaryResponse>'\.$/,
    last: /^Type 'Date' is not assignable to type 'bigint'\.$/,
    path: "payload.requestInfo.timeoutMs",
  },
  {
    title: "a row where a message belongs",
    handler: "async unary() { return { payload: { requestInfo: new Date() } }; }",
    first: /is not assignable to type 'Unary<UnaryRequest, UnaryResponse>'\.$/,
    last: /^Type 'Date' has no properties in common with type 'Answer<ConformancePayload_RequestInfo>'\.$/,
    path: "payload.requestInfo",
  },
  {
    title: "a forgotten await",
    handler: "async unary() { return { payload: Promise.resolve({ data: new Uint8Array() }) }; }",
    first: /is not assignable to type 'Unary<UnaryRequest, UnaryResponse>'\.$/,
    last: /^Type 'Promise<\{ data: .*\}>' has no properties in common with type 'Answer<ConformancePayload>'\.$/,
    path: "payload",
  },
  {
    title: "a generator that yields another message",
    handler: "async *serverStream() { yield { data: new Uint8Array() }; }",
    first: /is not assignable to type 'ServerStreaming<ServerStreamRequest, ServerStreamResponse>'\.$/,
    last: /^Type '\{ data: .*\}' has no properties in common with type 'Answer<ServerStreamResponse>'\.$/,
    path: "",
  },
  {
    title: "no field that the message has",
    handler: "async unary() { return { paylod: {} }; }",
    first: /is not assignable to type 'Unary<UnaryRequest, UnaryResponse>'\.$/,
    last: /^Type '\{ paylod: \{\}; \}' has no properties in common with type 'Answer<UnaryResponse>'\.$/,
    path: "",
  },
] as const;

describe("what a service returns", () => {
  it("is typed as the contract has it (checked by tsc)", () => {
    void typesOfHandlers;
  });

  const told = whatIsTold(mistakes.map(({ handler }) => handler));
  for (const [index, { title, first, last, path }] of mistakes.entries()) {
    it(`names the message in the first line and the field in the last: ${title}`, () => {
      const lines = told[index] ?? [];
      assert.match(lines[0] ?? "", first);
      assert.match(lines.at(-1) ?? "", last);
      const property = path.split(".").at(-1) ?? "";
      assert.ok(
        lines.some((line) => line.includes(property)),
        `${path} is not in ${lines.join("\n")}`,
      );
    });
  }
});

/** The lines that the compiler says about each handler: it is given them in place of this file's text. */
function whatIsTold(handlers: readonly string[]): string[][] {
  const file = fileURLToPath(import.meta.url);
  const text = [
    'import type { ServiceImpl } from "../../../../src/runrpc/server/routes/service-impl.ts";',
    'import type { ConformanceService } from "../../../conformance/gen/connectrpc/conformance/v1/service_pb.ts";',
    ...handlers.map(
      (handler, index) =>
        `export const h${index}: Partial<ServiceImpl<typeof ConformanceService>> = { ${handler} };`,
    ),
  ].join("\n");
  const root = fileURLToPath(new URL("../../../../", import.meta.url));
  const api = new API({ cwd: root, fs: { readFile: (name) => (name === file ? text : undefined) } });
  try {
    const [project] = api.updateSnapshot({ openProjects: ["tsconfig.json"] }).getProjects();
    return (project?.program.getSemanticDiagnostics(file) ?? []).map(linesOf);
  } finally {
    api.close();
  }
}

function linesOf({ text, messageChain = [] }: Diagnostic): string[] {
  return [text, ...messageChain.flatMap(linesOf)];
}
