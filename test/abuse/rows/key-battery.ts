import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { runCommand } from "../../runrpc/cli/run-command.ts";
import { createClient } from "../post.ts";
import { requestOfEachKind } from "../requests.ts";
import type { Arena, Row } from "../row.ts";
import type { Subject } from "../subject.ts";
import { canCarry, encode, postOf, wires } from "../wires.ts";

type Headers = Readonly<Record<string, string>>;
type Case = readonly [title: string, headers: Headers, code: RegExp];

/** What a call may be told whose key is no key: wrong ones too often are told to wait. */
const REFUSED = /^(unauthenticated|resource_exhausted)$/;

/** Keys that are none, none any longer, or not enough: each is refused on every protocol and kind, and a good one is not. */
export const keyBattery: Row = {
  name: "key battery",
  async attack(arena) {
    const server = await arena.serve({ flags: ["--host", "0.0.0.0"] });
    const issued = arena.rounds(1, 0) > 0 ? await issuedCases(server) : [];
    const cases = [...writtenCases(server), ...issued];
    for (let round = 0; round < arena.rounds(3, 1); round++) {
      for (const [title, headers, code] of cases) {
        await Promise.all(
          arena.some(wires, 2).flatMap((wire) =>
            Object.values(requestOfEachKind)
              .filter(({ method }) => canCarry(wire, method))
              .map(({ method, json }) =>
                arena.attempt(`${title}, ${wire.title}, ${method.name}`, async () => {
                  const client = createClient(server.port, wire.version);
                  const answer = await client.post(
                    postOf(wire, method, [encode(wire, method, json)], headers),
                  );
                  client.close();
                  assert.match(answer.code, code, answer.message);
                  if (answer.code === "unauthenticated" && answer.status === 401)
                    assert.ok(
                      answer.headers["www-authenticate"] !== undefined,
                      "401 without www-authenticate",
                    );
                }),
              ),
          ),
        );
      }
    }
    await fromElsewhere(arena, server);
  },
};

/** Keys that were good, or are good for something else. Each takes a process to make. */
async function issuedCases(server: Subject): Promise<Case[]> {
  const [expired, revoked, narrow] = await Promise.all([
    issue(server, "--scope", "*", "--expires", "1s"),
    issue(server, "--scope", "*"),
    issue(server, "--scope", "nothing.read"),
  ]);
  await keys(server, "revoke", revoked.slice(0, 11));
  await delay(1_500); // the key expires by the clock
  return [
    ["an expired key", { "x-api-key": expired }, REFUSED],
    ["a revoked key", { "x-api-key": revoked }, REFUSED],
    ["a key without the scope", { "x-api-key": narrow }, /^permission_denied$/],
  ];
}

function writtenCases({ key }: Subject): Case[] {
  const otherCase = key.replace(/[a-zA-Z]$/, (last) =>
    last === last.toLowerCase() ? last.toUpperCase() : last.toLowerCase(),
  );
  const asX = (value: string): Headers => ({ "x-api-key": value });
  return [
    ["no key", {}, REFUSED],
    ["an empty key", asX(""), REFUSED],
    ["junk", asX("junk"), REFUSED],
    ["a key of the right shape", asX(`rr_00000000_${"a".repeat(43)}`), REFUSED],
    ["a key cut short", asX(key.slice(0, -1)), REFUSED],
    ["a key and a letter", asX(`${key}a`), REFUSED],
    ["a key whose last letter is another", asX(key.slice(0, -1) + (key.endsWith("A") ? "B" : "A")), REFUSED],
    ["a key in another case", asX(otherCase === key ? key.toUpperCase() : otherCase), REFUSED],
    ["a key percent-encoded", asX(`%72${key.slice(1)}`), REFUSED],
    ["a key with a space in it", asX(`${key.slice(0, 20)} ${key.slice(20)}`), REFUSED],
    [
      "a key beside another",
      { "x-api-key": key, authorization: `Bearer rr_00000000_${"a".repeat(43)}` },
      REFUSED,
    ],
    ["another scheme", { authorization: `Basic ${Buffer.from(`a:${key}`).toString("base64")}` }, REFUSED],
    ["no scheme", { authorization: key }, REFUSED],
    ["letters beyond ASCII", asX(`rr_\u00e9\u00e9\u00e9`), REFUSED],
    ["16 KB", asX("a".repeat(8_000)), REFUSED],
    ["a wildcard", asX("*"), REFUSED],
    [
      "a development key through a proxy",
      { "x-api-key": key, "x-forwarded-for": "203.0.113.9" },
      /^(unauthenticated|permission_denied)$/,
    ],
    ["a good key as Bearer", { authorization: `Bearer ${key}` }, /^ok$/],
    ["a good key", asX(key), /^ok$/],
  ];
}

/** A development key works from the loopback addresses alone. */
async function fromElsewhere(arena: Arena, { port, key }: Subject): Promise<void> {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === "IPv4" && !each.internal);
  if (outside === undefined) return;
  await arena.attempt("a development key from another address", async () => {
    const response = await fetch(`http://${outside.address}:${port}/rig.users.v1.UserService/ListUsers`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": key },
      body: "{}",
    });
    assert.match(((await response.json()) as { code: string }).code, /^(unauthenticated|permission_denied)$/);
  });
}

async function issue(server: Subject, ...args: string[]): Promise<string> {
  return (await keys(server, "create", "--user", "dev@localhost", ...args)).trim();
}

async function keys({ file }: Subject, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["keys", ...args, "--database", file]);
  assert.equal(code, 0, stderr);
  return stdout;
}
