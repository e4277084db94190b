import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { fileFromUrl } from "../../../src/runrpc/data/database-url.ts";
import { DataError } from "../../../src/runrpc/data/store.ts";
import { tempDirectory } from "./fixture/open.ts";

for (const [url, path] of [
  ["data/runrpc.sqlite", "data/runrpc.sqlite"],
  ["/var/lib/app.db", "/var/lib/app.db"],
  ["file:///var/lib/a%20b.db", "/var/lib/a b.db"],
  ["FILE:///var/lib/app.db", "/var/lib/app.db"],
  ["file:data/runrpc.sqlite", "data/runrpc.sqlite"],
  ["./data:2027.sqlite", "./data:2027.sqlite"],
  ["ünï cöde.db", "ünï cöde.db"],
] as const) {
  test(`${url} is the file ${path}`, () => assert.equal(fileFromUrl(url, "linux"), path));
}

test("a path of Windows is one there", () => {
  assert.equal(fileFromUrl("C:\\data\\app.db", "win32"), "C:\\data\\app.db");
});

const refused: readonly (readonly [url: string, reason: RegExp])[] = [
  ["mysql://ada:secret@db/app", /"mysql:\/\/ada:\*\*\*@db\/app" is another kind.*data\/runrpc\.sqlite/],
  ["mysql://ada:se@cr/et@db/app", /"mysql:\/\/ada:\*\*\*@db\/app"/],
  ["postgres:app", /postgres:\/\/user@host\/database/],
  ["mysql://db/app", /another kind of database/],
  ["sqlite:data/app.db", /only file: is taken: write the path alone/],
  ["sqlite:///data/app.db", /only file: is taken/],
  ["libsql://app.example.com", /only file: is taken/],
  ["https://example.com/app.db", /only file: is taken/],
  ["data:2027.sqlite", /\.\/data:/],
  [":memory:", /in memory/],
  ["file::memory:", /in memory/],
  ["file:app.db?mode=memory", /in memory/],
  ["file:/data/app.db?mode=ro", /parameters/],
  ["file://other-host/app.db", /no URL of a file/],
  ["file:///a%2fb", /no URL of a file/],
  ["file:", /folder/],
  ["", /empty/],
  ["  ", /empty/],
  ["data/", /folder/],
  ["~/app.db", /only a shell/],
  ["C:\\data\\app.db", /Windows/],
  ["C:/data/app.db", /Windows/],
  ["data\\app.db", /Windows/],
  ["\\\\server\\share\\app.db", /Windows/],
  ["a\0b", /NUL/],
  ["/dev/null", /no ordinary file/],
];

for (const [url, reason] of refused) {
  test(`${JSON.stringify(url)} is refused with a reason`, () => {
    assert.throws(
      () => fileFromUrl(url, "linux"),
      (error) =>
        error instanceof DataError && error.code === "invalid_argument" && reason.test(error.message),
    );
  });
}

test("a folder is refused, by its path and by its URL, and no reason is longer than some lines", async (t) => {
  const folder = join(await tempDirectory(t), "folder");
  mkdirSync(folder);
  for (const url of [folder, pathToFileURL(folder).href]) {
    assert.throws(() => fileFromUrl(url), /is a folder/);
  }
  assert.throws(
    () => fileFromUrl(`x:${"y".repeat(100_000)}`, "linux"),
    (error) => error instanceof Error && error.message.length < 500,
  );
});
