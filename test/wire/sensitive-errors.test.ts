// Errors of requests that hold something sensitive, by JSON and by the rules of their schema: whatever is wrong with them, no value of
// such a field is told, in an answer or a record. What is not sensitive is told as ever.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { defineApp, defineService } from "runrpc";
import { startTestApp, type TestApp } from "runrpc/testing";
import { AccountSchema, SecretService } from "../gen/rig/secrets/v1/secrets_pb.ts";
import { envelope } from "./envelope.ts";

/** The secret, as a text, as a number, and as JSON's text of it. */
const secret = "98765432109";
const number = Number(secret);
const any = { "@type": "type.googleapis.com/rig.secrets.v1.Account" };

const app = defineApp({
  services: () => [
    defineService(SecretService, {
      put: () => ({}),
      async *watch() {
        yield {};
      },
      async pour(requests) {
        await Array.fromAsync(requests);
        return {};
      },
      async *talk(requests) {
        for await (const _ of requests) yield {};
      },
    }),
  ],
});

/** What a request has for its account, and what the client is told of it. */
const accounts: readonly (readonly [what: string, account: unknown, told: RegExp])[] = [
  ["a number for a text", { password: number }, /account\.password/],
  ["a list for a text", { password: [secret] }, /account\.password/],
  ["a text that is no base64", { keys: [`${secret}!`] }, /account\.keys/],
  ["a text for a list", { keys: secret }, /account\.keys/],
  ["a number in a map", { tokens: { [secret]: number } }, /account\.tokens/],
  ["a text for a map", { tokens: secret }, /account\.tokens/],
  ["a text that is no integer", { number: `${secret}x` }, /account\.number/],
  ["digits that a double rounds", { number: "ROUNDED" }, /account\.number/],
  ["a message in a message", { inner: { number: `${secret}x` } }, /account\.inner/],
  ["a text for a message", { inner: secret }, /account\.inner/],
  ["a member of a oneof", { pin: number }, /account\.pin/],
  ["in a list", { children: [{}, { password: number }] }, /account\.children\.password/],
  ["a text in a list of messages", { children: [secret] }, /account\.children/],
  ["in a map", { byName: { a: { password: number } } }, /account\.by_name\.password/],
  ["by the name in the schema", { by_name: { a: { password: number } } }, /account\.by_name\.password/],
  ["in an Any", { any: { ...any, password: number } }, /account\.any\.password/],
  ["a text for what holds it", secret, /account/],
  ["what is not sensitive beside it", { password: number, name: 17 }, /got 17/],
  ["a number that is not sensitive, before it", { name: 17, password: number }, /got 17/],
];

const texts: readonly (readonly [what: string, text: string, told: RegExp])[] = [
  ["a text that is not quoted", `{"account": {"password": x${secret}}}`, /not valid JSON/],
  ["a text that breaks off", `{"account": {"password": "${secret}`, /not valid JSON/],
  ["a line break in a text", `{"account": {"password": "${secret}\n"}}`, /not valid JSON, at position \d+/],
  ["a name twice", `{"account": {"tokens": {"${secret}": "a", "${secret}": "b"}}}`, /a name stands twice/],
  ["something else for the request", `"${secret}"`, /rig\.secrets\.v1\.PutRequest/],
];

const broken: readonly (readonly [what: string, checked: unknown, told: RegExp])[] = [
  ["a rule of the standard", { pin: `${secret}${secret}` }, /checked\.pin: must be at most 20 characters/],
  ["an expression that makes its text", { pin: `made${secret}` }, /checked\.pin: breaks a rule/],
  ["an expression with a text of its own", { pin: `written${secret}` }, /checked\.pin: begins with written/],
  ["an expression about the message", { pin: `whole${secret}` }, /checked: breaks a rule/],
  ["a value of a map", { counts: { [secret]: -1 } }, /checked\.counts: must be greater than or equal to 0/],
];

for (const lane of ["auto", "stock"])
  describe(`what is told of sensitive fields, lane ${lane}`, () => {
    let server: TestApp;
    before(async () => {
      server = await startTestApp(app, { config: { "server.lane": lane } });
    });
    after(() => server[Symbol.asyncDispose]());

    /** Sends a body and gives what is told: the answer, and the record. */
    async function told(
      method: string,
      type: string,
      body: Uint8Array<ArrayBuffer> | string,
    ): Promise<string> {
      const answer = await fetch(`${server.url}/${SecretService.typeName}/${method}`, {
        method: "POST",
        headers: { "x-api-key": server.key, "content-type": type, "connect-protocol-version": "1" },
        body,
      });
      const text = Buffer.from(await answer.arrayBuffer()).toString("latin1");
      const { error, code } = await server.nextRecord();
      assert.equal(code, "invalid_argument", text);
      const all = `${text}\n${error}`;
      assert.ok(!all.includes(secret), all);
      for (const detail of all.match(/"value":"[^"]+"/g) ?? [])
        assert.ok(!Buffer.from(detail.slice(9, -1), "base64").includes(secret), all);
      return error;
    }

    const put = (body: Uint8Array<ArrayBuffer> | string) => told("Put", "application/json", body);
    const textOf = (account: unknown) =>
      JSON.stringify({ account }).replace('"ROUNDED"', `${secret}${secret}.5`);

    for (const [what, account, expected] of accounts)
      it(`JSON: ${what}`, async () => {
        assert.match(await put(textOf(account)), expected);
        const streamed = new Uint8Array(envelope(Buffer.from(textOf(account))));
        assert.match(await told("Watch", "application/connect+json", streamed), expected);
      });

    for (const [what, text, expected] of texts)
      it(`JSON: ${what}`, async () => assert.match(await put(text), expected));

    it("JSON: bytes that are no UTF-8", async () => {
      const text = Buffer.from(`{"account": {"tokens": {"${secret}": "\u00ff"}}}`, "latin1");
      assert.match(await put(text), /^the text is not valid UTF-8/);
    });

    for (const [what, checked, expected] of broken)
      it(`rules: ${what}`, async () => {
        assert.match(await put(JSON.stringify({ account: {}, checked })), expected);
      });

    it("rules: the same in binary, and of many violations", async () => {
      const { put: call } = server.client(SecretService);
      const counts = { [secret]: -1, [`${secret}0`]: -2 };
      const account = create(AccountSchema);
      const pin = `made${secret}`;
      const error = await call({ account, checked: { pin, counts } }).then(
        () => assert.fail("it was taken"),
        (reason: unknown) => ConnectError.from(reason),
      );
      assert.equal(error.code, Code.InvalidArgument);
      const details = error.details.map((detail) => ("value" in detail ? String(detail.value) : ""));
      assert.ok(!`${error.message} ${details}`.includes(secret), error.message);
      for (const detail of error.details)
        assert.ok(!("desc" in detail) && !Buffer.from(detail.value).includes(secret));
      assert.ok(!(await server.nextRecord()).error.includes(secret));
    });
  });
