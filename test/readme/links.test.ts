import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { it } from "node:test";
import { root } from "./clone.ts";

const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ...docs.map((name) => `docs/${name}`),
].filter((name) => name.endsWith(".md"));
const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

/** The anchors of a page, as GitHub makes them from its headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...textOf(page).matchAll(/^#+ (.*)$/gm)];
  return new Set(
    headings.map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

it("every link of a page to another one leads somewhere", () => {
  const broken = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
      .filter(([, file = "", anchor]) => {
        const target = file === "" ? page : join(dirname(page), file);
        if (!existsSync(join(root, target))) return true;
        return anchor !== undefined && !anchorsOf(target).has(anchor);
      })
      .map(([link]) => `${page}: ${link}`),
  );
  assert.deepEqual(broken, []);
});

it("every path of the tree that a page names is there", () => {
  const made = /^(src|test|proto)\/(.*\/)?(notes|docs)\//; // what the pages themselves make
  const missing = pages.flatMap((page) =>
    [...textOf(page).matchAll(/`((?:src|test|proto|bench|docs|\.ci)\/[\w./-]*)`/g)]
      .filter(([, path = ""]) => !made.test(path) && !existsSync(join(root, path)))
      .map(([, path]) => `${page}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

it("the code on the README's first screen is that of a page whose blocks are run", () => {
  const [, code = ""] = /```ts\n([\s\S]*?)```/.exec(textOf("README.md")) ?? [];
  assert.ok(code !== "" && textOf("docs/services.md").includes(code));
});
