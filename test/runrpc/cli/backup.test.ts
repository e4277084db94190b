import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import Client from "better-sqlite3";
import { makeFolder } from "../../app/project.ts";
import { runCommand } from "./run-command.ts";

const cwd = makeFolder();
const database = join(cwd, "db.sqlite");
const flags = ["--database", database];

before(async () => {
  assert.equal((await runCommand(["migrate", ...flags])).code, 0);
});

function openWriter() {
  const client = new Client(database);
  client.pragma("journal_mode = WAL");
  return client;
}

function addUser(client: Client.Database, name: string): void {
  client
    .prepare("INSERT INTO users (id, email, display_name, create_time, update_time) VALUES (?, ?, '', 0, 0)")
    .run(name, name);
}

function usersOf(file: string): unknown[] {
  const client = new Client(file, { readonly: true });
  try {
    return client.prepare("SELECT id FROM users ORDER BY seq").pluck().all();
  } finally {
    client.close();
  }
}

describe("runrpc backup", () => {
  it("copies what is committed, the log too, into one file of its owner, beside an open database", async () => {
    const client = openWriter();
    addUser(client, "ada");
    const target = join(cwd, "copy.sqlite");
    const { code, stdout, stderr } = await runCommand(["backup", target, "--json", ...flags]);
    client.close();
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(JSON.parse(stdout), { file: target, bytes: statSync(target).size });
    assert.deepEqual([statSync(target).mode & 0o777, usersOf(target)], [0o600, ["ada"]]);
    assert.deepEqual(
      readdirSync(cwd).filter((name) => name.includes("copy")),
      ["copy.sqlite"],
    );
  });

  it("is of one moment while others write", async () => {
    const client = openWriter();
    const target = join(cwd, "moment.sqlite");
    const backup = runCommand(["backup", target, ...flags]);
    let isDone = false;
    void backup.then(() => {
      isDone = true;
    });
    // Two rows in each transaction: a copy that is of several moments has an odd one.
    for (let pair = 0; !isDone; pair++) {
      client.transaction(() => {
        addUser(client, `one ${pair}`);
        addUser(client, `other ${pair}`);
      })();
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.close();
    assert.equal((await backup).code, 0);
    assert.equal(usersOf(target).filter((id) => id !== "ada").length % 2, 0);
  });

  it("leaves a file that exists alone, unless --force replaces it", async () => {
    const target = join(cwd, "taken");
    writeFileSync(target, "mine");
    const refused = await runCommand(["backup", target, ...flags]);
    assert.deepEqual([refused.code, readFileSync(target, "utf8")], [1, "mine"]);
    assert.match(refused.stderr, /taken exists.*--force/);
    assert.equal((await runCommand(["backup", target, "--force", ...flags])).code, 0);
    assert.ok(usersOf(target).includes("ada"));
  });

  for (const [what, target, expected, reason] of [
    ["the database itself", database, 1, /belongs to the database itself/],
    ["its log", `${database}-wal`, 1, /belongs to the database itself/],
    ["a folder", cwd, 1, /no ordinary file/],
    ["a folder that does not exist", join(cwd, "none", "x.sqlite"), 2, /there is no folder .*none:/],
  ] as const) {
    it(`to ${what} is refused, with --force too, and leaves nothing behind`, async () => {
      const before = readdirSync(cwd).sort();
      const { code, stderr } = await runCommand(["backup", target, "--force", ...flags]);
      assert.equal(code, expected);
      assert.match(stderr, reason);
      assert.deepEqual(readdirSync(cwd).sort(), before);
    });
  }

  it("of a database that does not exist is refused, and none is made", async () => {
    const missing = join(cwd, "missing.sqlite");
    const { code, stderr } = await runCommand(["backup", join(cwd, "x"), "--database", missing]);
    assert.deepEqual([code, existsSync(missing)], [1, false]);
    assert.match(stderr, /there is no database/);
  });

  it("of a damaged database fails, and leaves nothing behind", async () => {
    const damaged = join(cwd, "damaged.sqlite");
    const bytes = readFileSync(database);
    bytes.fill(0xa5, 8_192, 16_384);
    writeFileSync(damaged, bytes);
    const { code, stderr } = await runCommand(["backup", join(cwd, "bad"), "--database", damaged]);
    assert.equal(code, 1);
    assert.match(stderr, /damaged/);
    assert.deepEqual(
      readdirSync(cwd).filter((name) => name.includes("bad")),
      [],
    );
  });
});

describe("runrpc doctor", () => {
  const doctor = async (file: string, ...more: string[]) => {
    const { code, stdout } = await runCommand(["doctor", "--json", "--database", file, ...more]);
    const { ok, checks } = JSON.parse(stdout) as {
      ok: boolean;
      checks: { name: string; state: string; text: string }[];
    };
    const states = Object.fromEntries(checks.map(({ name, state }) => [name, state]));
    return { code, ok, states, text: checks.map(({ text }) => text).join("\n") };
  };

  it("finds nothing wrong with a good database, and changes nothing", async () => {
    const target = join(cwd, "good.sqlite");
    await runCommand(["backup", target, ...flags]);
    const bytes = readFileSync(target);
    const { code, ok, states } = await doctor(target);
    assert.deepEqual([code, ok], [0, true]);
    for (const name of ["file", "modes", "integrity", "foreign keys", "migrations"])
      assert.equal(states[name], "ok", name);
    assert.deepEqual(readFileSync(target), bytes);
    const { stdout } = await runCommand(["doctor", "--database", target]);
    assert.match(stdout, /^runrpc \S+, Node 24\S*, SQLite 3\S*\n\nSTATE +CHECK +FOUND\nok +file/);
    assert.match(stdout, /Nothing is wrong\.\n$/);
  });

  for (const [what, spoil, check, text] of [
    [
      "rows whose foreign key leads nowhere",
      (client) => {
        client.pragma("foreign_keys = OFF");
        client.exec("INSERT INTO events (user_id, type, create_time) VALUES ('nobody', 't', 0)");
      },
      "foreign keys",
      /1 rows refer to what does not exist, first in events to users/,
    ],
    [
      "damaged pages",
      (client, file) => {
        const page = client.prepare("SELECT pageno FROM dbstat WHERE name = 'events_user'").pluck().get();
        const bytes = readFileSync(file);
        bytes.fill(0xa5, (Number(page) - 1) * 4_096, Number(page) * 4_096);
        writeFileSync(file, bytes);
      },
      "integrity",
      /./,
    ],
    [
      "a newer migration",
      (client) => client.exec("INSERT INTO runrpc_migrations VALUES ('29990101000000_later', 'x', '')"),
      "migrations",
      /newer than this code: 29990101000000_later/,
    ],
    [
      "an edited migration",
      (client) => client.exec("UPDATE runrpc_migrations SET hash = 'x'"),
      "migrations",
      /another text/,
    ],
  ] as readonly (readonly [string, (client: Client.Database, file: string) => void, string, RegExp])[]) {
    it(`says that there are ${what}, and ends with 1`, async () => {
      const file = join(cwd, "spoilt.sqlite");
      await runCommand(["backup", file, "--force", ...flags]);
      const client = new Client(file);
      spoil(client, file);
      client.close();
      const found = await doctor(file);
      assert.deepEqual([found.code, found.ok, found.states[check]], [1, false, "failed"]);
      assert.match(found.text, text);
    });
  }

  it("says of modes that let everybody write, of what is no database, and of a missing one", async () => {
    const file = join(cwd, "modes.sqlite");
    await runCommand(["backup", file, ...flags]);
    chmodSync(file, 0o666);
    const { code, states } = await doctor(file);
    assert.deepEqual([code, states["modes"]], [1, "failed"]);
    writeFileSync(file, "hello ".repeat(3_000));
    assert.deepEqual((await doctor(file)).states, { file: "failed", port: "ok" });
    assert.deepEqual((await doctor(join(cwd, "missing"))).states, { file: "failed", port: "ok" });
  });

  it("a newer migration is served when database.allow_newer says so, and refused with its name otherwise", async () => {
    const file = join(cwd, "newer.sqlite");
    await runCommand(["backup", file, ...flags]);
    const client = new Client(file);
    client.exec("INSERT INTO runrpc_migrations VALUES ('29990101000000_later', 'x', '')");
    client.close();
    const refused = await runCommand(["migrate", "--database", file]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /29990101000000_later.*database\.allow_newer/);
    assert.equal((await runCommand(["migrate", "--database", file, "--database-allow-newer"])).code, 0);
    const { code, states } = await doctor(file, "--database-allow-newer");
    assert.deepEqual([code, states["migrations"]], [0, "warning"]);
  });
});

it("a database that is no file stops every command with 2 and a reason, and makes none", async () => {
  const folder = makeFolder();
  for (const args of [["serve", "--port", "0"], ["migrate"], ["keys", "list"], ["backup", "x"], ["doctor"]]) {
    const { code, stderr } = await runCommand([...args, "--database", "mysql://ada:secret@db/app"], {
      cwd: folder,
    });
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, /^error: database\.url "mysql:\/\/ada:\*\*\*@db\/app" is another kind/);
  }
  assert.deepEqual(readdirSync(folder), []);
});
