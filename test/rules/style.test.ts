import assert from "node:assert/strict";
import { it } from "node:test";
import { sources } from "./source.ts";

const all = sources("src/**/*.ts");

/** It writes programs of other people, as text. */
const SNIPPETS = "src/runrpc/web/page/snippets/typescript.ts";

/** The files of src that match, but for those named. */
function filesWith(pattern: RegExp, ...allowed: readonly string[]): readonly string[] {
  return all
    .filter(({ path, text }) => pattern.test(text) && !allowed.includes(path))
    .map(({ path }) => path);
}

it("one file reads the environment", () => {
  assert.deepEqual(filesWith(/\bprocess\.env\b(?!`)/, "src/runrpc/config/config.ts", SNIPPETS), []);
});

it("nobody writes to the console: the command has its streams, the log its own", () => {
  assert.deepEqual(filesWith(/\bconsole\./, SNIPPETS), []);
});

it("exports have names, but where a tool demands a default", () => {
  assert.deepEqual(
    filesWith(
      /^export default/m,
      "src/main.ts", // what the command loads
      "src/runrpc/platform/drizzle.config.ts",
      "src/services/drizzle.config.ts",
    ),
    [],
  );
});

it("no file is named for nothing in particular", () => {
  const vague = all.filter(({ path }) => /\/(utils?|helpers?|common|shared|base|types)\.ts$/.test(path));
  assert.deepEqual(vague, []);
});

it("no type is switched off", () => {
  assert.deepEqual(filesWith(/\w: any\b(?! \w)|\bas any\b|<any>|@ts-ignore|@ts-nocheck/), []);
});
