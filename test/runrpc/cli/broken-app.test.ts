// An application that cannot be loaded: what is said names the file and the line, also where a database worker has found it.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { failureText } from "../../../src/runrpc/app/failure-text.ts";
import { runCommand } from "./run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "runrpc-broken-app-"));
after(() => rmSync(folder, { recursive: true }));

/** What TypeScript takes, and Node's stripping of types does not. */
const enumeration = "// Comment.\nexport enum Kind {\n  A,\n}\n";
const withWorker = `export default { services: () => [], worker: new URL("./worker.ts", import.meta.url) };\n`;

const rows: readonly {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly said: RegExp;
}[] = [
  {
    title: "a file that does not parse",
    files: {
      "main.ts": `export { default } from "./other.ts";\n`,
      "other.ts": "export default {\n  services( { }\n};\n",
    },
    said: /^error: [^\n]+\nfile:\/\/\/\S+\/other\.ts:\d\n[\s\S]+\n *\^+\n/,
  },
  {
    title: "syntax that Node does not strip",
    files: { "main.ts": `export { Kind } from "./kind.ts";\n`, "kind.ts": enumeration },
    said: /^error: TypeScript enum is not supported in strip-only mode\nfile:\/\/\/\S+\/kind\.ts:2\n[\s\S]+ export enum Kind \{\n/,
  },
  {
    title: "a type that is imported as a value",
    files: {
      "main.ts": `import { Kind } from "./kind.ts";\nexport default Kind;\n`,
      "kind.ts": "export interface Kind {}\n",
    },
    said: /^error: [^\n]+does not provide an export named 'Kind'\nfile:\/\/\/\S+\/main\.ts:1\nimport \{ Kind \} from "\.\/kind\.ts";\n *\^+\n$/,
  },
  {
    title: "a file of a database worker that does not parse",
    files: { "main.ts": withWorker, "worker.ts": `import "./kind.ts";\n`, "kind.ts": enumeration },
    said: /^error: a database worker failed: TypeScript enum [^\n]+\nfile:\/\/\/\S+\/kind\.ts:2\n[\s\S]+ export enum Kind \{\n/,
  },
  {
    title: "a fault of a database worker's file",
    files: { "main.ts": withWorker, "worker.ts": "const tables: any = {};\ntables.users.id;\n" },
    said: /^error: a database worker failed: Cannot read [^\n]+\nTypeError: Cannot read [^\n]+\n +at file:\/\/\/\S+\/worker\.ts:2:\d+/,
  },
  {
    title: "a database worker's file that serves nothing",
    files: { "main.ts": withWorker, "worker.ts": "export const modules = {};\n" },
    said: /^error: \S+\/worker\.ts ended without serving queries: it needs `await serveQueries\(modules\)`\n$/,
  },
  {
    title: "code that was not generated",
    files: { "main.ts": `import "../gen/users/v1/users_pb.ts";\n` },
    said: /^error: Cannot find module '\S+\/gen\/users\/v1\/users_pb\.ts' imported from \S+\/main\.ts\nIt is written by `npm run generate`\n$/,
  },
  {
    title: "code that was not generated, in a database worker",
    files: { "main.ts": withWorker, "worker.ts": `import "../gen/users/v1/users_pb.ts";\n` },
    said: /^error: a database worker failed: Cannot find module [^\n]+\nIt is written by `npm run generate`\n$/,
  },
  {
    title: "an application that says what it lacks",
    files: { "main.ts": `throw new Error("PAYMENTS_URL is not set");\n` },
    said: /^error: PAYMENTS_URL is not set\n$/,
  },
];

describe("a command over an application that cannot be loaded", { concurrency: 2 }, () => {
  for (const [index, { title, files, said }] of rows.entries())
    it(`names the line: ${title}`, async () => {
      const project = join(folder, String(index));
      mkdirSync(join(project, "src"), { recursive: true });
      writeFileSync(join(project, "package.json"), '{ "type": "module" }');
      for (const [path, text] of Object.entries(files)) writeFileSync(join(project, "src", path), text);
      const { code, stderr } = await runCommand(["migrate"], { cwd: project });
      assert.equal(code, 1, stderr);
      assert.match(stderr, said);
    });
});

it("a text that is no JSON, for which nobody had a sentence, is a fault with its stack", () => {
  try {
    JSON.parse("{");
    assert.fail("it was JSON");
  } catch (error) {
    assert.match(failureText(error), /^SyntaxError: [^\n]+\n +at JSON\.parse/);
  }
});
