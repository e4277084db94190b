import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { makeFolder } from "../../app/project.ts";
import { makeCertificates } from "../server/listener/certificates.ts";
import { type RunOptions, runCommand, startCommand } from "./run-command.ts";

/** Starts a server and resolves when it has said the line that `until` matches. */
async function serve(options: RunOptions, until: RegExp) {
  const child = startCommand(["serve", "--port", "0", "--host", "127.0.0.1"], options);
  after(() => child.kill("SIGKILL")); // where a test fails before it ends the server
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (until.test(line)) break;
  }
  child.stdout.resume();
  const text = said.join("\n");
  const find = (pattern: RegExp) => pattern.exec(text)?.[0] ?? assert.fail(text);
  return { child, text, url: find(/http:\/\/\S+/), find };
}

describe("runrpc serve", () => {
  it("says where it listens; the first start shows a key, with lines to try it; SIGTERM ends it with 0", async () => {
    const cwd = makeFolder();
    const { child, url, find } = await serve({ cwd }, /grpcurl/);
    const key = find(/rr_[\w-]+/);
    assert.ok(find(/curl .*/).endsWith(` -d '{}' ${url}/rig.users.v1.UserService/ListUsers`));
    assert.ok(find(/grpcurl .*/).endsWith(` ${new URL(url).host} rig.users.v1.UserService/ListUsers`));
    assert.equal(find(/grpcurl .*/).split(key).length, 2);
    const response = await fetch(`${url}/rig.users.v1.UserService/ListUsers`, {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "application/json" },
      body: "{}",
    });
    assert.equal(response.status, 200);
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "close"), [0, null]);

    const again = await serve({ cwd }, /listens on/);
    assert.ok(!again.text.includes("rr_"));
    again.child.kill("SIGINT");
    assert.deepEqual(await once(again.child, "close"), [0, null]);
  });

  it("makes no development key in production; `keys create --new-user` makes the first user and key beside it", async () => {
    const options = { cwd: makeFolder(), env: { NODE_ENV: "production" } };
    const { child, text, url } = await serve(options, /keys create/);
    assert.ok(!text.includes("rr_"));
    const create = ["keys", "create", "--user", "root@example.com", "--new-user", "--scope", "*"];
    const { stdout: key } = await runCommand(create, options);
    const list = ["call", "UserService/ListUsers", "{}", "--key", key.trim(), "--address", url];
    const { stdout, stderr } = await runCommand(list, options);
    assert.match(stdout, /"email":"root@example.com"/, stderr);
    const again = await runCommand(create, options);
    assert.deepEqual([again.code, again.stdout], [1, ""]);
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "close"), [0, null]);
  });

  it("drains on the first signal and exits at once on the second", async () => {
    const { child, url, find } = await serve({ cwd: makeFolder() }, /grpcurl/);
    const call = startCommand(["call", "rig.chat.v1.ChatService/Chat", "--key", find(/rr_[\w-]+/)], {
      env: { RUNRPC_ADDRESS: url },
    });
    call.stdin.write('{"room":"a","text":"hello"}\n');
    await once(call.stdout, "data"); // the call is open, and keeps the drain waiting
    const draining = once(child.stderr, "data");
    child.kill("SIGTERM");
    await draining;
    child.kill("SIGINT");
    assert.deepEqual(await once(child, "close"), [130, null]);
    call.kill("SIGKILL");
  });

  it("goes on at SIGUSR2 without debug mode, and says what that would be for", async () => {
    const { child } = await serve({ cwd: makeFolder() }, /grpcurl/);
    const said = once(child.stderr, "data");
    child.kill("SIGUSR2");
    assert.match(
      String((await said)[0]),
      /^SIGUSR2 prints the calls in flight in debug mode, which is off \(--debug\)\n$/,
    );
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "close"), [0, null]);
  });

  it("reloads its certificates on SIGHUP, and goes on", async () => {
    const certificates = makeCertificates();
    if (certificates === undefined) return;
    after(certificates.remove);
    const { keyFile, certFile } = certificates;
    const flags = [
      "--port",
      "0",
      "--tls-key-file",
      keyFile,
      "--tls-cert-file",
      certFile,
      "--log-format",
      "json",
    ];
    const child = startCommand(["serve", "--host", "127.0.0.1", ...flags], { cwd: makeFolder() });
    after(() => child.kill("SIGKILL"));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const said: string[] = [];
    const until = async (pattern: RegExp): Promise<void> => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) assert.fail(`nothing like ${pattern}`);
        said.push(value);
        if (pattern.test(value)) return;
      }
    };
    await until(/ listens on https:/);
    child.kill("SIGHUP");
    await until(/the TLS files are as they were/);
    const drain = once(child.stderr, "data");
    assert.match(said.join("\n"), /"level":"warn".*the TLS certificate .* expires soon/);
    child.kill("SIGTERM");
    const [drained] = await drain;
    assert.deepEqual(await once(child, "close"), [0, null]);
    // All that is said among JSON lines is one.
    const levels = [...said, String(drained)].map((line) => (JSON.parse(line) as { level: string }).level);
    assert.deepEqual(new Set(levels), new Set(["info", "warn"]));
  });

  it("a port in use stops the start with 1 and a sentence", async () => {
    const first = await serve({ cwd: makeFolder() }, /grpcurl/);
    const { port } = new URL(first.url);
    const { code, stderr } = await runCommand(["serve", "--host", "127.0.0.1", "--port", port], {
      cwd: makeFolder(),
    });
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^error: .*${port}.*`));
    first.child.kill("SIGTERM");
    await once(first.child, "close");
  });

  it("a first start that fails leaves no database behind, and the next one shows the key", async () => {
    const taken = await serve({ cwd: makeFolder() }, /grpcurl/);
    const { port } = new URL(taken.url);
    const cwd = makeFolder();
    const pem = join(cwd, "no.pem");
    for (const flags of [
      ["--port", port],
      ["--port", "0", "--tls-key-file", pem, "--tls-cert-file", pem],
      ["--port", "0", "--log-format", "xml"],
      ["--host", "192.0.2.1"],
    ]) {
      const { code, stdout } = await runCommand(["serve", "--host", "127.0.0.1", ...flags], { cwd });
      assert.notEqual(code, 0);
      assert.equal(stdout, "");
      assert.deepEqual(readdirSync(cwd), [], flags.join(" "));
    }
    const { child, find } = await serve({ cwd }, /grpcurl/);
    find(/rr_[\w-]+/);
    child.kill("SIGTERM");
    taken.child.kill("SIGTERM");
    await Promise.all([once(child, "close"), once(taken.child, "close")]);
  });

  it("a database that was made without a user, as by `migrate`, is given its key at the first start", async () => {
    const cwd = makeFolder();
    await runCommand(["migrate"], { cwd });
    const { child, find, text } = await serve({ cwd }, /grpcurl/);
    find(/rr_[\w-]+/);
    assert.ok(text.includes(`The database ${join(cwd, "data/runrpc.sqlite")} has no key yet.`), text);
    assert.ok(!text.includes("was made"));
    child.kill("SIGTERM");
    await once(child, "close");
    const again = await serve({ cwd }, /listens on/);
    assert.ok(!again.text.includes("rr_"));
    again.child.kill("SIGTERM");
    await once(again.child, "close");
  });
});

describe("runrpc keys", () => {
  it("makes, lists, rotates and revokes keys; only a key that was just made goes to stdout", async () => {
    const cwd = makeFolder();
    const { child } = await serve({ cwd }, /grpcurl/);
    child.kill("SIGTERM");
    await once(child, "close");
    const keys = (...args: string[]) => runCommand(["keys", ...args], { cwd });
    const list = async () =>
      JSON.parse((await keys("list", "--json")).stdout) as { keyId: string; scopes: string[] }[];
    assert.match(
      (await keys("list")).stdout,
      /^rr_\w+ +active, loopback only +dev@localhost +development +\* /m,
    );

    const made = await keys(
      "create",
      "--user",
      "dev@localhost",
      "--scope",
      "users.read",
      "logs.*",
      "--expires",
      "90d",
    );
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^rr_[\w-]+\n$/);
    const row = (await list()).find(({ scopes }) => scopes.join() === "users.read,logs.*");
    const id = row?.keyId ?? assert.fail();
    assert.ok(made.stdout.startsWith(id) && made.stderr.includes(id));
    assert.match((await keys("list")).stdout, new RegExp(`^${id} +active`, "m"));

    const rotated = JSON.parse((await keys("rotate", id, "--grace", "24h", "--json")).stdout) as {
      key: string;
    };
    assert.notEqual(rotated.key, made.stdout.trim());
    assert.deepEqual(await keys("revoke", id), { code: 0, stdout: `revoked ${id}\n`, stderr: "" });
    assert.match((await keys("list")).stdout, new RegExp(`^${id} +revoked`, "m"));
  });

  it("refuses an unknown user or key with 1, and a wrong option with 2", async () => {
    const cwd = makeFolder();
    for (const [args, code] of [
      [["create", "--user", "nobody@example.com", "--scope", "*"], 1],
      [["revoke", "rr_missing1"], 1],
      [["create"], 2],
      [["create", "--user", "a", "--expires", "soon"], 2],
      [["rotate", "rr_missing1", "--grace", "1"], 2],
    ] as const) {
      const outcome = await runCommand(["keys", ...args], { cwd });
      assert.deepEqual([outcome.code, outcome.stdout], [code, ""], args.join(" "));
      assert.match(outcome.stderr, /^error: /);
    }
  });
});

it("runrpc migrate names what it applied, once", async () => {
  const cwd = makeFolder();
  const first = await runCommand(["migrate", "--json"], { cwd });
  const { applied } = JSON.parse(first.stdout) as { applied: string[] };
  assert.ok(applied.length > 0);
  assert.deepEqual(await runCommand(["migrate"], { cwd }), {
    code: 0,
    stdout: `${join(cwd, "data/runrpc.sqlite")} is up to date\n`,
    stderr: "",
  });
});
