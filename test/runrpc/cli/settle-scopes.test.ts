import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { scopesFrom, settleScopes } from "../../../src/runrpc/cli/settle-scopes.ts";

const known = ["users.read", "users.write"];

/** Settles scopes at a terminal where each line is typed when it is asked for; undefined is Ctrl-D. */
async function atTerminal(given: readonly string[], lines: readonly (string | undefined)[]) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = Object.assign(new PassThrough({ encoding: "utf8" }), { isTTY: true });
  const typed = [...lines];
  let said = "";
  stderr.on("data", (text: string) => {
    said += text;
    if (!/[:\]] $/.test(text)) return;
    const line = typed.shift();
    if (line === undefined) stdin.end();
    else stdin.write(`${line}\n`);
  });
  const scopes = await settleScopes(given, known, { stdin, stderr }).catch((error: Error) => error.message);
  // Without what readline steers a terminal by.
  return { scopes, said: stripVTControlCharacters(said), left: typed.length };
}

describe("the scopes of a key that is to be made", () => {
  it("are as they were given where a method asks for each", async () => {
    for (const given of [["users.read"], ["users.*"], ["*"], ["users.write", "users.read"]])
      assert.deepEqual(await atTerminal(given, []), { scopes: given, said: "", left: 0 });
  });

  it("are asked for at a terminal where none was given; the answer is looked at as well", async () => {
    const { scopes, said } = await atTerminal([], ["users.raed, users.write", "y"]);
    assert.deepEqual(scopes, ["users.raed", "users.write"]);
    assert.match(said, /has no scope.*There are users\.read, users\.write; \* is all\.\nScopes/);
    assert.match(said, /No method asks for the scope users\.raed; did you mean users\.read\?\nMake the key/);
  });

  it("may be none, by Enter", async () => {
    assert.deepEqual((await atTerminal([], [""])).scopes, []);
  });

  for (const answer of ["", "n", "whatever", undefined])
    it(`an unknown one that is answered with ${JSON.stringify(answer)} makes no key`, async () => {
      assert.equal((await atTerminal(["parcels.read"], [answer])).scopes, "no key was made");
    });

  it("none at all, and Ctrl-D: no key", async () => {
    assert.equal((await atTerminal([], [undefined])).scopes, "no key was made");
  });

  it("are taken without a terminal, and the trouble is told", async () => {
    for (const [given, words] of [
      [[], /^The key has no scope/],
      [
        ["parcels.read"],
        /^No method asks for the scope parcels\.read; there are users\.read, users\.write\n$/,
      ],
    ] as const) {
      const stderr = new PassThrough({ encoding: "utf8" });
      assert.deepEqual(await settleScopes(given, known, { stdin: new PassThrough(), stderr }), given);
      assert.match(stderr.read() as string, words);
    }
  });

  it("are what they are where no method asks for any", async () => {
    const stderr = new PassThrough({ encoding: "utf8" });
    assert.deepEqual(await settleScopes(["own"], [], { stdin: new PassThrough(), stderr }), ["own"]);
    assert.equal(stderr.read(), null);
  });

  it("are parted by commas and spaces", () => {
    assert.deepEqual(scopesFrom(["a,b", "c d,", ""]), ["a", "b", "c", "d"]);
  });
});
