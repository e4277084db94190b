import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { it } from "node:test";
import { packageVersion } from "../../../src/runrpc/cli/version.ts";
import { welcomeText } from "../../../src/runrpc/cli/welcome.ts";
import { jsonLine, speaksJson, welcomeLine } from "../../../src/runrpc/cli/welcome-line.ts";
import { type FlagValues, loadConfig } from "../../../src/runrpc/config/config.ts";

const app = {
  created: true,
  database: "/data/app.sqlite",
  developmentKey: "rr_key",
  services: ["a.v1.B"],
  exampleMethod: "a.v1.B/C",
  pageLink: undefined,
  skeletons: [],
};

async function textOf(flags: FlagValues, url: string): Promise<string> {
  return welcomeText({ ...app, url }, await loadConfig({ flags, folder: "/" }), new PassThrough());
}

it("the lines to try are for the scheme that is served", async () => {
  const text = await textOf({ "tls.key_file": "k", "tls.cert_file": "c" }, "https://localhost:443");
  assert.match(text, / curl -k .* https:\/\/localhost:443\/a\.v1\.B\/C\n/);
  assert.match(text, / grpcurl -insecure .* localhost:443 a\.v1\.B\/C\n/);
});

it("there is no grpcurl line without reflection, and none at all where clients need a certificate", async () => {
  const plain = await textOf({ "server.reflection": false }, "http://localhost:1");
  assert.ok(plain.includes("curl -H") && !plain.includes("grpcurl"));
  const mutual = { "tls.key_file": "k", "tls.cert_file": "c", "tls.client_ca_file": "ca" };
  assert.ok(!(await textOf(mutual, "https://localhost:1")).includes("curl"));
});

it("the lines to try a Unix socket with name its path", async () => {
  const text = await textOf({}, "unix:/run/a b.sock");
  assert.match(text, /listens on unix:\/run\/a b\.sock\n/);
  assert.match(text, / curl --unix-socket '\/run\/a b\.sock' .* http:\/\/localhost\/a\.v1\.B\/C\n/);
  assert.match(text, / grpcurl -plaintext -unix .* '\/run\/a b\.sock' a\.v1\.B\/C\n/);
});

it("an application without a service is told how to add one", async () => {
  const loaded = await loadConfig({ flags: {}, folder: "/" });
  const empty = { ...app, url: "http://localhost:1", services: [], exampleMethod: undefined };
  assert.match(welcomeText(empty, loaded, new PassThrough()), /no service yet.*runrpc add service/);
});

it("the link to the page is told at each start", async () => {
  const loaded = await loadConfig({ flags: {}, folder: "/" });
  const pageLink = "http://localhost:1/_/#token=abc";
  const started = { ...app, url: "http://localhost:1", created: false, developmentKey: undefined, pageLink };
  assert.ok(welcomeText(started, loaded, new PassThrough()).includes(`  ${pageLink}\n`));
  assert.equal(JSON.parse(welcomeLine(started)).page, pageLink);
});

it("the database is named by where it is", async () => {
  assert.match(await textOf({}, "http://localhost:1"), /The database \/data\/app\.sqlite was made\./);
});

it("among JSON lines the welcome is one of them", () => {
  const { time, ...line } = JSON.parse(welcomeLine({ ...app, url: "http://localhost:1" }));
  assert.match(time, /^\d{4}-.*Z$/);
  assert.deepEqual(line, {
    level: "info",
    url: "http://localhost:1",
    createdDatabase: "/data/app.sqlite",
    developmentKey: "rr_key",
    msg: `runrpc ${packageVersion()} listens on http://localhost:1`,
  });
  const later = { ...app, created: false, developmentKey: undefined, url: "http://localhost:1" };
  assert.deepEqual(Object.keys(JSON.parse(welcomeLine(later))), ["level", "time", "url", "msg"]);
  assert.equal(jsonLine("a").split("\n").length, 2);
});

for (const [format, speaks] of [
  ["json", true],
  ["pretty", false],
  ["auto", false],
] as const)
  it(`log.format ${format}: the welcome is ${speaks ? "a line of JSON" : "words"}`, async () => {
    assert.equal(speaksJson(await loadConfig({ flags: { "log.format": format }, folder: "/" })), speaks);
  });
