// What is typed wrong ends with a sentence and the right exit code: before anything is done, and without a stack.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { runCommand } from "./run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "runrpc-bad-values-"));
after(() => rmSync(folder, { recursive: true }));
const there = join(folder, "there.cpuprofile");
writeFileSync(there, "kept");
const database = ["--database", join(folder, "data.sqlite")];

/** Nobody listens there. */
const nobody = ["--address", "127.0.0.1:1"];

const rows: readonly (readonly [args: readonly string[], code: number, sentence: RegExp])[] = [
  [["logs", "--code", "not_fuond"], 2, /--code is "not_fuond"; did you mean not_found\?/],
  [["logs", "--code", "teapot"], 2, /--code is "teapot"; it takes ok, error, /],
  [["logs", "--since", "99999999999d"], 2, /--since is "99999999999d"; it takes at most 36500d/],
  [["logs", "-n", "1.5"], 2, /--lines is "1\.5"; it takes a whole number from 0 to 10000/],
  [["logs", "--slower-than", "-1"], 2, /--slower-than is "-1"/],
  [["logs", "--key", "a b"], 2, /the key of --key or RUNRPC_KEY has spaces or other characters/],
  [["logs", "--address", "ftp://localhost"], 2, /--address is "ftp:\/\/localhost"/],
  [["logs", "--code", "NotFound", "--code", "NOT_FOUND", ...nobody], 1, /Nothing answers at 127\.0\.0\.1:1/],
  [["top", "--interval", "0"], 2, /--interval is "0"; it takes seconds from 0\.1 to 60/],
  [["profile", "--seconds", "301"], 2, /--seconds is "301"; it takes a whole number from 1 to 300/],
  [["profile", "--out", there, ...nobody], 2, /--out is ".*there\.cpuprofile", which is there already/],
  [["profile", "--out", "no/where/x", ...nobody], 2, /--out is "no\/where\/x", whose folder is not there/],
  [["call", "--key", "ключ"], 2, /the key of --key or RUNRPC_KEY has spaces or other characters/],
  [["call", "--deadline-ms", "1e3"], 2, /--deadline-ms is "1e3"; it takes a whole number from 1/],
  [["call", "-H", "a b: c"], 2, /--header is "a b: c"; HTTP does not allow/],
  [["call", "--ca-file", "no.pem"], 2, /--ca-file: ENOENT/],
  [["call", "--proto", "no.proto"], 2, /--proto no\.proto: /],
  [["keys", "create", "--user", "a", "--expires", "2027-02-30"], 2, /--expires is "2027-02-30"; it takes/],
  [
    ["keys", "create", "--user", "a", "--expires", "9999999w"],
    2,
    /--expires is "9999999w"; it takes at most/,
  ],
  [["keys", "rotate", "rr_12345678", "--grace", "soon"], 2, /--grace is "soon"; it takes a duration/],
  [["keys", "revoke", "rr_12345678", ...database], 1, /there is no (?:API )?key rr_12345678/],
  [["migration", "--name", "../up"], 2, /--name is "\.\.\/up": write it as users_job/],
  [["migration", "--config", "no.ts"], 2, /there is no no\.ts in .*: name drizzle-kit's configuration/],
  [
    ["add", "method", "a.v1.AService", "Track", "--scope", 'a"b'],
    2,
    /--scope is "a\\"b": write it as parcels\.read/,
  ],
  [["add", "method", "a.v1.AService", "Track", "--scope", ""], 2, /--scope is "": write it as parcels\.read/],
  [["backup", "/no/where/x.sqlite"], 2, /there is no folder \/no\/where: make it, or name another file/],
  [["copy", "--from", "a.sqlite", "--to", "b.sqlite"], 2, /--to names no database of Postgres/],
  [["doctor", "--database", join(folder, "no.sqlite")], 1, /no\.sqlite/],
  [["config", "--port", "70000"], 2, /port/],
  [["config", "--config", "no.yaml"], 2, /no\.yaml/],
];

it("runrpc migration looks for its configuration beside the application, wherever that is", async () => {
  const project = join(folder, "elsewhere");
  mkdirSync(join(project, "app"), { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "runrpc": { "main": "app/main.ts" } }');
  writeFileSync(join(project, "app/main.ts"), "");
  const { code, stderr } = await runCommand(["migration"], { cwd: join(project, "app") });
  assert.equal(code, 2);
  assert.match(stderr, /^error: there is no app\/services\/drizzle\.config\.ts in /);
});

describe("a command line that is wrong", { concurrency: 2 }, () => {
  for (const [args, code, sentence] of rows)
    it(`runrpc ${args.map((arg) => (arg.startsWith(folder) ? "…" : arg)).join(" ")}`, async () => {
      const outcome = await runCommand(args);
      const said = outcome.stderr || outcome.stdout; // what doctor found is its output
      assert.equal(outcome.code, code, said);
      assert.match(said, sentence);
      assert.doesNotMatch(said, /\n\s+at /);
    });
});
