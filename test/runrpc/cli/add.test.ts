import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Outcome, runCommand, startCommand } from "./run-command.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);
const name = "parcels.v1.ParcelService";
const implementation = "src/services/parcels/service.ts";
const contract = "proto/parcels/v1/parcels.proto";
const kinds = [
  ["Weigh", "unary", "unary"],
  ["Track", "server-streaming", "server_streaming"],
  ["Scan", "client-streaming", "client_streaming"],
  ["Route", "bidi-streaming", "bidi_streaming"],
] as const;

let clone: string;

/** What a project of its own is made of: the application that is here, and the package. */
before(() => {
  clone = mkdtempSync(join(tmpdir(), "runrpc-add-"));
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "src", "proto", "gen"];
  const files = execFileSync("git", args, { cwd: root }).toString().trim().split("\n");
  for (const file of [...files, "package.json", "tsconfig.json", "biome.json", "buf.yaml", "buf.gen.yaml"]) {
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    copyFileSync(join(root, file), join(clone, file));
  }
  // The contracts of the tests of this repository are no part of it.
  edit("buf.yaml", (text) => text.replace("  - path: test/proto\n", ""));
  edit("package.json", (text) => text.replace(/("generate": "buf generate)[^"]*/, "$1"));
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
});

after(() => rmSync(clone, { recursive: true, force: true }));

function runrpc(...args: readonly string[]): Promise<Outcome> {
  return runCommand(args, { cwd: clone, script: join(clone, "src/runrpc/launch.js") });
}

function read(path: string): string {
  return readFileSync(join(clone, path), "utf8");
}

function edit(path: string, change: (text: string) => string): void {
  const text = read(path);
  const changed = change(text);
  assert.notEqual(changed, text, `${path} was to change`);
  writeFileSync(join(clone, path), changed);
}

/** Every file of the project, by its path. */
function snapshot(): ReadonlyMap<string, string> {
  const paths = globSync("**/*", { cwd: clone, exclude: (path) => path === "node_modules" }).sort();
  return new Map(
    paths.filter((path) => statSync(join(clone, path)).isFile()).map((path) => [path, read(path)]),
  );
}

/** Whether a text is another one with something inserted. */
function holds(text: string, original: string): boolean {
  let at = 0;
  for (const character of original) {
    at = text.indexOf(character, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

function changedBetween(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  return [...one].filter(([path, text]) => other.get(path) !== text).map(([path]) => path);
}

describe("a service and its methods, from nothing to an answer", () => {
  it("--dry-run prints a diff that git applies, and changes nothing", async () => {
    const before_ = snapshot();
    const { code, stdout } = await runrpc("add", "service", name, "--dry-run");
    assert.equal(code, 0);
    assert.deepEqual(snapshot(), before_);
    for (const path of ["src/main.ts", contract, implementation])
      assert.match(stdout, new RegExp(`\\+\\+\\+ b/${path}\n`));
    const patch = join(clone, "node_modules.patch");
    writeFileSync(patch, stdout);
    execFileSync("git", ["apply", "--check", patch], { cwd: clone });
    rmSync(patch);
  });

  it("add service makes it, and what was there keeps every byte", async () => {
    const before_ = snapshot();
    const { code, stderr } = await runrpc("add", "service", name);
    assert.deepEqual([code, stderr], [0, ""]);
    const now = snapshot();
    // What is generated anew, such as the list of codecs, is nobody's text.
    const changed = changedBetween(before_, now).filter((path) => !path.startsWith("gen/"));
    assert.deepEqual(changed, ["src/main.ts", "src/services/queries.ts", "src/services/schema.ts"]);
    for (const path of changed) assert.ok(holds(now.get(path) ?? "", before_.get(path) ?? ""), path);
  });

  it("a second run changes nothing, and says so", async () => {
    const before_ = snapshot();
    const { code, stdout } = await runrpc("add", "service", name);
    assert.deepEqual([code, stdout], [0, `${name} is there already: nothing is changed\n`]);
    assert.deepEqual(snapshot(), before_);
  });

  for (const [method, kind] of kinds) {
    it(`add method makes one that is ${kind}`, async () => {
      const before_ = snapshot();
      const added = await runrpc("add", "method", name, method, "--kind", kind);
      assert.deepEqual([added.code, added.stderr], [0, ""]);
      const now = snapshot();
      for (const path of [contract, implementation])
        assert.ok(
          now.get(path) !== before_.get(path) && holds(now.get(path) ?? "", before_.get(path) ?? ""),
          path,
        );
    });
  }

  it("a second run of add method changes nothing, and says so", async () => {
    const before_ = snapshot();
    const { code, stdout } = await runrpc("add", "method", name, "Route", "--kind", "bidi-streaming");
    assert.deepEqual([code, stdout], [0, `Route of ${name} is there already: nothing is changed\n`]);
    assert.deepEqual(snapshot(), before_);
  });

  it("add service gives another name to what the application's files have already", async () => {
    const { code, stderr } = await runrpc("add", "service", "rooms.v1.ChatService");
    assert.deepEqual([code, stderr], [0, ""]);
    const main = read("src/main.ts");
    assert.match(main, /import \{ ChatService as RoomsChatService \} from "\.\.\/gen\/rooms\//);
    assert.match(main, /defineService\(RoomsChatService, createRoomsChatService\(queries\.rooms\)\),/);
    assert.match(read("src/services/queries.ts"), /\n {2}rooms: roomsChatQueries,/);
  });

  it("the generated code has the four kinds", () => {
    const generated = read("gen/parcels/v1/parcels_pb.ts");
    for (const [method, , described] of kinds) {
      const local = method.toLowerCase();
      assert.match(generated, new RegExp(`${local}: \\{\\s+methodKind: "${described}";`));
    }
  });

  it("it compiles, is formatted, and passes its own test", async () => {
    const bin = (command: string) => join(root, "node_modules/.bin", command);
    await run(bin("tsc"), ["--project", "tsconfig.json"], { cwd: clone });
    await run(bin("biome"), ["check", "--error-on-warnings", "src/main.ts", "src/services", "test"], {
      cwd: clone,
    });
    await run(bin("buf"), ["format", "--diff", "--exit-code", "--path", contract], { cwd: clone });
    await run(bin("buf"), ["lint", "--path", contract], { cwd: clone });
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = ["--conditions=runrpc-source", "--test", "test/services/parcels/service.test.ts"];
    await run(process.execPath, args, { cwd: clone, env });
  });

  it("sync --check lists the skeletons, and ends with 0", async () => {
    const { code, stdout } = await runrpc("sync", "--check");
    const lines = kinds.map(([method]) => `  ${name}/${method} in ${implementation}\n`).join("");
    assert.deepEqual([code, stdout], [0, `To be written, until then UNIMPLEMENTED:\n${lines}`]);
  });

  it("serve lists them, and calls of them are UNIMPLEMENTED", async () => {
    const args = ["serve", "--port", "0", "--database", join(clone, "data.sqlite")];
    const server = startCommand(args, { cwd: clone, script: join(clone, "src/runrpc/launch.js") });
    try {
      let said = "";
      for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
        said += chunk;
        if (/rr_\w{8}_[\w-]{43}/.test(said)) break;
      }
      server.stdout.resume();
      for (const [method] of kinds) assert.ok(said.includes(`\n  ${name}/${method}\n`), said);
      const address = /listens on (\S+)/.exec(said)?.[1] ?? "";
      const key = /rr_\w{8}_[\w-]{43}/.exec(said)?.[0] ?? "";
      const call = (method: string, json: string) =>
        runrpc("call", `${name}/${method}`, json, "--address", address, "--key", key);
      const created = await call("CreateParcel", '{"name": "first"}');
      assert.deepEqual([created.code, JSON.parse(created.stdout).parcel.name], [0, "first"]);
      for (const [method] of kinds) {
        const { code, stderr } = await call(method, "{}");
        assert.equal(code, 1);
        assert.match(stderr, new RegExp(`^unimplemented.*${name}/${method} is not written yet`, "s"));
      }
    } finally {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      await ended;
    }
  });
});

describe("what is refused changes nothing", () => {
  it("names that are odd or taken, with the right form", async () => {
    const before_ = snapshot();
    for (const [args, code, words] of [
      [["add", "service", "Parcel"], 2, /such as parcels\.v1\.ParcelService/],
      [
        ["add", "service", "parcels.v1.BoxService"],
        1,
        /the package parcels\.v1 has a service, ParcelService/,
      ],
      [["add", "service", "other.v1.ParcelService"], 1, /has a table parcels/],
      [["add", "service", "doors.v1.KeyService"], 2, /a table keys, which is taken/],
      [["add", "method", name, "weigh"], 2, /write it as Weigh/],
      [["add", "method", name, "Weigh", "--kind", "bidi-streaming"], 1, /is there, and is unary/],
      [
        ["add", "method", "parcels.v1.ParcelServise", "Weigh"],
        1,
        /did you mean parcels\.v1\.ParcelService\?/,
      ],
      [["add", "method", name, "GetParcel2", "--kind", "both"], 2, /server-streaming/],
    ] as const) {
      const outcome = await runrpc(...args);
      assert.equal(outcome.code, code, args.join(" "));
      assert.match(outcome.stderr, words);
    }
    assert.deepEqual(snapshot(), before_);
  });

  it("an implementation of which nobody knows what it has: what to write is printed", async () => {
    const text = read(implementation);
    edit(implementation, (before_) =>
      before_.replace("  return {\n", "  const more: any = {};\n  return {\n    ...more,\n"),
    );
    const before_ = snapshot();
    const { code, stderr } = await runrpc("add", "method", name, "Lose");
    assert.equal(code, 1);
    assert.match(stderr, /nothing was changed: .*more is of type any/);
    assert.match(stderr, /rpc Lose\(LoseRequest\) returns \(LoseResponse\)/);
    assert.match(stderr, /async lose\(request, \{ signal \}\)/);
    assert.deepEqual(snapshot(), before_);
    writeFileSync(join(clone, implementation), text);
  });

  it("a service of the protos that nothing implements: how to begin is printed", async () => {
    const folder = join(clone, "proto/boxes/v1");
    mkdirSync(folder, { recursive: true });
    const text = `syntax = "proto3";\npackage boxes.v1;\nservice BoxService { rpc Get(Box) returns (Box); }\nmessage Box {}\n`;
    writeFileSync(join(folder, "boxes.proto"), text);
    const { code, stderr } = await runrpc("add", "service", "boxes.v1.BoxService");
    const synced = await runrpc("sync", "--check");
    rmSync(dirname(folder), { recursive: true });
    assert.match(
      synced.stdout,
      /^nothing implements boxes\.v1\.BoxService yet: write .*ServiceImpl<typeof BoxService>.*src\/main\.ts/m,
    );
    assert.equal(code, 1);
    assert.match(stderr, /nothing implements it: .*ServiceImpl<typeof BoxService>.*runrpc sync/s);
  });

  it("a folder without an application", async () => {
    const { code, stderr } = await runCommand(["sync"], { cwd: tmpdir() });
    assert.equal(code, 2);
    assert.match(stderr, /there is no application in/);
  });
});

describe("sync, after the proto was changed", () => {
  const sentences = [
    /GetParcel streams now: write `async \*getParcel` in src\/services\/parcels\/service\.ts\n/,
    /CreateParcel takes a stream now: write `async createParcel`/,
    /ListParcels is ListAllParcels in parcels\.v1\.ParcelService: rename `listParcels` to `listAllParcels` in/,
    /DeleteParcel is no method of parcels\.v1\.ParcelService: remove `deleteParcel` from/,
  ];

  before(() => {
    edit(contract, (text) =>
      text
        .replace("returns (GetParcelResponse)", "returns (stream GetParcelResponse)")
        .replace("rpc CreateParcel(", "rpc CreateParcel(stream ")
        .replace("rpc ListParcels(", "rpc ListAllParcels(")
        .replace(/ {2}\/\/ DeleteParcel removes[\s\S]*?\n {2}\}\n/, "")
        .replace(
          "service ParcelService {\n",
          "service ParcelService {\n  rpc Sign(GetParcelRequest) returns (GetParcelResponse);\n",
        ),
    );
  });

  it("--check changes nothing, says what there is to do, and ends with 1", async () => {
    const before_ = snapshot();
    const { code, stdout } = await runrpc("sync", "--check");
    assert.equal(code, 1, stdout);
    for (const sentence of [...sentences, /the generated code has other methods/, /has no `sign` in/])
      assert.match(stdout, sentence);
    assert.deepEqual(snapshot(), before_);
  });

  it("it inserts what is missing, deletes nothing, and generates", async () => {
    const text = read(implementation);
    const { code, stdout } = await runrpc("sync");
    assert.equal(code, 1, stdout);
    for (const sentence of sentences) assert.match(stdout, sentence);
    const now = read(implementation);
    assert.ok(now !== text && holds(now, text));
    assert.match(now, /sign: skeleton\("parcels\.v1\.ParcelService\/Sign"\),/);
    assert.match(read("gen/parcels/v1/parcels_pb.ts"), /listAllParcels: \{/);
  });

  it("code that was not generated is generated first, and one whose proto is gone is named", async () => {
    const boxes = `syntax = "proto3";\npackage boxes.v1;\nservice BoxService {\n  rpc Open(Box) returns (Box);\n}\nmessage Box {}\n`;
    const specifier = "../../../gen/boxes/v1/boxes_pb.ts";
    mkdirSync(join(clone, "proto/boxes/v1"), { recursive: true });
    mkdirSync(join(clone, "src/services/boxes"));
    writeFileSync(join(clone, "proto/boxes/v1/boxes.proto"), boxes);
    writeFileSync(
      join(clone, "src/services/boxes/service.ts"),
      `import type { ServiceImpl } from "runrpc";\nimport type { BoxService } from "${specifier}";\n\nexport const boxes: ServiceImpl<typeof BoxService> = {};\n`,
    );
    const before_ = snapshot();
    const check = await runrpc("sync", "--check");
    assert.match(check.stdout, /the generated code has other methods than the protos/);
    assert.deepEqual(snapshot(), before_);
    await runrpc("sync");
    assert.match(read("src/services/boxes/service.ts"), /open: skeleton\("boxes\.v1\.BoxService\/Open"\)/);

    rmSync(join(clone, "proto/boxes"), { recursive: true });
    assert.match((await runrpc("sync")).stdout, /the protos have no boxes\.v1\.BoxService any more/);
    const again = await runrpc("sync", "--check");
    assert.equal(again.code, 1);
    assert.match(
      again.stdout,
      /src\/services\/boxes\/service\.ts imports .*boxes_pb\.ts, which no proto makes any more/,
    );
    rmSync(join(clone, "src/services/boxes"), { recursive: true });
  });

  it("once more it says the same, and changes nothing", async () => {
    const before_ = snapshot();
    const { code, stdout } = await runrpc("sync");
    assert.equal(code, 1);
    for (const sentence of sentences) assert.match(stdout, sentence);
    assert.deepEqual(snapshot(), before_);
  });
});
