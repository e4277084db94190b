import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { appRules } from "./imports/app.ts";
import { packageRules } from "./imports/package.ts";
import { isAllowed, type Rule, sentenceOf } from "./imports/rule.ts";
import { runtimeRules } from "./imports/runtime.ts";
import { storeRules } from "./imports/store.ts";
import { webRules } from "./imports/web.ts";
import { importsOf, sources } from "./source.ts";

const rules: readonly Rule[] = [...appRules, ...packageRules, ...runtimeRules, ...storeRules, ...webRules];

describe("who may import whom", () => {
  for (const rule of rules) {
    it(rule.files, () => {
      const files = sources(rule.files);
      // Which services there are, and what they are made of, is the app's.
      if (!rule.files.startsWith("src/services/*/"))
        assert.notEqual(files.length, 0, "no file is under this rule");
      const broken = files.flatMap(importsOf).filter((found) => !isAllowed(found, rule));
      assert.ok(broken.length === 0, broken.map((found) => sentenceOf(found, rule)).join("\n"));
    });
  }

  it("every file of src is under a rule", () => {
    const covered = new Set(rules.flatMap(({ files }) => sources(files).map(({ path }) => path)));
    const others = sources("src/**/*.ts")
      .map(({ path }) => path)
      .filter((path) => !covered.has(path));
    assert.deepEqual(others, []);
  });

  it("the package imports nothing of the app", () => {
    // The templates hold an application's imports, as text.
    const found = sources("src/runrpc/**/*.ts")
      .filter(({ path }) => !path.startsWith("src/runrpc/scaffold/templates/"))
      .flatMap(importsOf)
      .filter(({ to }) => /^src\/(?!runrpc\/)/.test(to) || /^runrpc(\/|$)/.test(to));
    assert.deepEqual(found, []);
  });

  it("only the app's own tests stand on the app: the runtime's, and the benchmark, have contracts and services of their own", () => {
    const files = ["test/*.ts", "test/!(services)/**/*.ts", "bench/**/*.ts"].flatMap(sources);
    const found = files
      .flatMap(importsOf)
      .filter(({ to }) => /^src\/(?!runrpc\/)|^gen\/(?!grpc\/|runrpc\/)/.test(to));
    assert.deepEqual(
      found.map(({ from, to }) => `${from} → ${to}`),
      [],
    );
    // By text as well: the path of a call.
    const packages = sources("proto/!(buf|grpc|runrpc)/v*/*.proto").map(({ path }) => path.split("/")[1]);
    const named = new RegExp(`/(?:${packages.join("|")})\\.v\\d+\\.\\w+/`);
    const naming = packages.length === 0 ? [] : files.filter(({ text }) => named.test(text));
    assert.deepEqual(
      naming.map(({ path }) => path),
      [],
    );
  });

  it("the reader of imports sees every form of them", () => {
    const text = [
      'import a, { type B } from "one";',
      'import type { C } from "two";',
      'import {\n  d,\n  e,\n} from "./three.ts";',
      'export * from "../four.ts";',
      'import "five";',
      'const six = await import("six");',
    ].join("\n");
    assert.deepEqual(
      importsOf({ path: "src/x/y.ts", text }).map(({ to, isType }) => [to, isType]),
      [
        ["one", false],
        ["two", true],
        ["src/x/three.ts", false],
        ["src/four.ts", false],
        ["five", false],
        ["six", false],
      ],
    );
  });
});
