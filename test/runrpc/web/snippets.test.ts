// Every command and program that the page offers to copy is run as it stands: the server has to get the same request by each.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { createRegistry, type DescMessage, fromJsonString, type Message, toJson } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import { type Server, startServer } from "../../../src/runrpc/server/server.ts";
import type { CallSettings } from "../../../src/runrpc/web/page/connect/call-settings.ts";
import type { Schema } from "../../../src/runrpc/web/page/schema.ts";
import { namesOf, targetOf } from "../../../src/runrpc/web/page/snippets/snippet-call.ts";
import { snippetsOf } from "../../../src/runrpc/web/page/snippets/snippets.ts";
import { compactJson } from "../../../src/runrpc/web/page/view/json-layout.ts";
import { createPage } from "../../../src/runrpc/web/page.ts";
import { alone } from "../../../src/runrpc/workers/peers.ts";
import { WireService } from "../../gen/rig/wire/v1/wire_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import { grpcurl, python, runTool } from "../../wire/tools.ts";
import { Kinds, Odd_TimestampSchema } from "../codec/gen/kinds/v1/all_pb.ts";

const root = join(import.meta.dirname, "../../..");
const tools = { grpcurl: grpcurl(), Python: python() };
const skip = tools.grpcurl.skip || tools.Python.skip;

/** What no request has, and no shell may change. */
const odd = `'it''s' "quoted" $HOME \`id\` \\ !! %s\n\tsecond line, é 中 😀 ${"\u2028"}\u0001`;

/** For each kind of call its requests, as a person writes them. */
const calls = {
  [`${Kinds.typeName}/EchoKnown`]: [
    JSON.stringify(
      {
        string: odd,
        bytes: "AP/+Og==",
        int64: "-9223372036854775808",
        double: "NaN",
        timestamp: "2026-01-02T03:04:05.123456789Z",
        mask: "struct,boolBy",
        any: { "@type": "type.googleapis.com/kinds.v1.Odd.Timestamp", seconds: 1, deep: { up: {} } },
        known: { any: { "@type": "type.googleapis.com/google.protobuf.Duration", value: "1.5s" } },
        struct: { [odd]: [odd, null, 1e300], __proto__: null, "": {} },
        boolBy: { "-1": false },
      },
      null,
      2,
    ).replace('"-9223372036854775808"', "-9223372036854775808"),
  ],
  [`${WireService.typeName}/Count`]: ['{ "value": 2 }'],
  [`${WireService.typeName}/Sum`]: ['{"value": 4294967295}', "{}"],
  [`${WireService.typeName}/Chat`]: ["{}", '{"value": "AP/+Og=="}'],
} as const;

const settings: CallSettings = {
  headers: [
    ["X-Note", `it's "$HOME" \`id\` \\ !!`],
    ["x-empty", ""],
    ["x-note-bin", "AP/+Og"],
  ],
  timeoutMs: 60_000,
};

describe("calls that are copied from the page", { skip, timeout: 240_000 }, () => {
  let server: Server;
  let schema: Schema;
  let folder: string;
  let seen: { readonly desc: DescMessage; readonly message: Message }[] = [];
  let headers: string[] = [];

  function see<T extends Message>(desc: DescMessage, message: T, { requestHeader }: HandlerContext): T {
    seen.push({ desc, message });
    headers = ["x-api-key", "x-note", "x-empty", "x-note-bin"].map(
      (name) => requestHeader.get(name)?.replace(/=+$/, "") ?? "none",
    );
    return message;
  }

  const { echo, count, sum, chat } = WireService.method;
  const services = [
    partOfService(Kinds, {
      echoKnown: (known, context) => see(Kinds.method.echoKnown.input, known, context),
    }),
    partOfService(WireService, {
      echo: (request, context) => ({ value: see(echo.input, request, context).value }),
      async *count(request, context) {
        yield see(count.input, request, context).value === 0 ? {} : { value: 1 };
      },
      async sum(requests, context) {
        for await (const request of requests) see(sum.input, request, context);
        return {};
      },
      async *chat(requests, context) {
        for await (const request of requests) yield { value: see(chat.input, request, context).value };
      },
    }),
  ];
  const registry = createRegistry(Odd_TimestampSchema, DurationSchema);

  before(async () => {
    const page = createPage({ hosts: [], signIn: undefined, peers: alone() });
    server = await startServer({ services, keys: "open", server: { host: "127.0.0.1", port: 0 }, page });
    const response = await fetch(`${server.url}/runrpc.web.v1.PageService/GetSchema`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    schema = JSON.parse(((await response.json()) as { json: string }).json) as Schema;
    folder = await mkdtemp(join(tmpdir(), "runrpc-snippets-"));
    // A project: what is generated is beside the program, and packages are installed.
    for (const [to, from] of [
      ["gen/rig", "test/gen/rig"],
      ["gen/kinds", "test/runrpc/codec/gen/kinds"],
      ["node_modules/@bufbuild", "node_modules/@bufbuild"],
      ["node_modules/runrpc", "."],
    ] as const) {
      await mkdir(dirname(join(folder, to)), { recursive: true });
      await symlink(join(root, from), join(folder, to));
    }
    await writeFile(join(folder, "package.json"), '{"type": "module"}');
    const made = await runTool(
      tools.Python.path,
      "-m",
      "grpc_tools.protoc",
      ...["test/proto", "test/runrpc/codec/proto"].map((path) => `-I${join(root, path)}`),
      `--python_out=${folder}`,
      `--grpc_python_out=${folder}`,
      ...["all", "two", "delimited"].map((name) => `kinds/v1/${name}.proto`),
      "rig/wire/v1/wire.proto",
    );
    assert.equal(made.code, 0, made.stderr);
  });
  after(async () => {
    await server?.drain();
    await rm(folder, { recursive: true });
  });

  /** Runs a snippet as whoever copied it does. */
  async function run(title: string, snippet: string): Promise<void> {
    const file = join(folder, title === "Python" ? "call.py" : "call.ts");
    const node = `'${process.execPath}' --conditions=runrpc-source`;
    const commands: Readonly<Record<string, string>> = {
      grpcurl: `PATH='${dirname(tools.grpcurl.path)}':$PATH\n${snippet}`,
      "runrpc call": `npx() { shift; ${node} '${root}/src/runrpc/launch.js' "$@"; }\n${snippet}`,
      TypeScript: `${node} '${file}'`,
      Python: `'${tools.Python.path}' '${file}'`,
    };
    await writeFile(file, snippet);
    const shell = spawn("sh", ["-c", commands[title] ?? snippet], {
      cwd: folder,
      env: { ...process.env, RUNRPC_KEY: "rr_of-the-environment" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [said, complained, code] = await Promise.all([
      text(shell.stdout),
      text(shell.stderr),
      new Promise((resolve) => shell.once("close", resolve)),
    ]);
    assert.equal(code, 0, `${title} failed:\n${snippet}\n${complained}${said}`);
    assert.doesNotMatch(said, /^\{"code":/, snippet);
  }

  function snippets(method: string, requests: readonly [string, ...string[]], given: CallSettings) {
    const [service, found] = schema.services
      .flatMap((one) => one.methods.map((each) => [one, each] as const))
      .find(([one, each]) => `${one.name}/${each.name}` === method) ?? [undefined, undefined];
    assert.ok(service !== undefined && found !== undefined, method);
    return snippetsOf({ schema, service, method: found, requests, settings: given, url: server.url });
  }

  for (const [method, written] of Object.entries(calls))
    it(`${method} gets the same requests by each`, async () => {
      const [first = "", ...others] = written.map(compactJson);
      const all = snippets(method, [first, ...others], settings);
      const isUnary = method.endsWith("EchoKnown");
      assert.deepEqual(
        all.map(({ title }) => title),
        [...(isUnary ? ["curl"] : []), "grpcurl", "runrpc call", "TypeScript", "Python"],
      );
      for (const { title, text: snippet } of all) {
        seen = [];
        await run(title, snippet);
        const [{ desc } = { desc: undefined }] = seen;
        assert.ok(desc !== undefined, `${title} did not call`);
        assert.deepEqual(
          seen.map(({ message }) => toJson(desc, message, { registry })),
          written.map((json) => toJson(desc, fromJsonString(desc, json, { registry }), { registry })),
          title,
        );
        assert.deepEqual(
          headers,
          ["rr_of-the-environment", `it's "$HOME" \`id\` \\ !!`, "", "AP/+Og"],
          title,
        );
      }
    });

  it("a key that is written among the headers takes the place of that of the environment", async () => {
    const given: CallSettings = { headers: [["X-Api-Key", "rr_written"]], timeoutMs: undefined };
    for (const { title, text: snippet } of snippets(`${WireService.typeName}/Echo`, ["{}"], given)) {
      await run(title, snippet);
      assert.equal(headers[0], "rr_written", title);
    }
  });

  it("messages within messages have the names of those around them", () => {
    assert.deepEqual(namesOf(schema, "kinds.v1.Odd.Timestamp.Deep"), ["Odd", "Timestamp", "Deep"]);
    assert.deepEqual(namesOf(schema, "google.protobuf.Timestamp"), ["Timestamp"]);
  });

  it("a request that is no JSON stays what it is", () => {
    const all = snippets(`${WireService.typeName}/Echo`, ["{'"], { headers: [], timeoutMs: undefined });
    assert.deepEqual(
      all.map(({ text: snippet }) => snippet.includes(`'{'\\'''`) || snippet.includes(`"{'"`)),
      [true, true, true, true, true],
    );
  });
});

for (const [url, target] of [
  ["http://localhost:50051", "localhost:50051"],
  ["http://[::1]", "[::1]:80"],
  ["https://api.example.com/prefix", "api.example.com:443"],
] as const)
  it(`${url} is ${target} for clients of gRPC`, () => assert.equal(targetOf(url).target, target));
