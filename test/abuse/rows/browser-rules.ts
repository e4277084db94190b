import assert from "node:assert/strict";
import { createClient } from "../post.ts";
import type { Row } from "../row.ts";

const HOME = "https://app.example.com";
const PATH = "/rig.users.v1.UserService/ListUsers";

/** What a page of another origin may not have: each is answered without a permission, over both versions of HTTP. */
const STRANGERS = [
  "https://evil.example",
  "https://app.example.com.evil.example",
  "https://evil-app.example.com",
  "http://app.example.com",
  "https://app.example.com:8443",
  "https://APP.example.com.",
  "null",
  "file://",
  "*",
  `${HOME}, https://evil.example`,
];

export const browserRules: Row = {
  name: "browser rules",
  lanesAtOnce: true,
  async attack(arena) {
    const server = await arena.serve({ flags: ["--cors-origins", HOME] });
    for (let round = 0; round < arena.rounds(20, 1); round++) {
      for (const version of ["1.1", "2"] as const) {
        const client = createClient(server.port, version);
        const preflight = (origin: string, headers: Readonly<Record<string, string>> = {}) =>
          client.post({
            path: PATH,
            method: "OPTIONS",
            headers: { origin, "access-control-request-method": "POST", ...headers },
            body: Buffer.alloc(0),
          });
        const call = (origin: string) =>
          client.post({
            path: PATH,
            headers: { origin, "content-type": "application/json", "x-api-key": server.key },
            body: Buffer.from("{}"),
          });
        for (const origin of STRANGERS) {
          await arena.attempt(`a preflight of ${origin}, HTTP/${version}`, async () => {
            const { headers } = await preflight(origin);
            assert.equal(headers["access-control-allow-origin"], undefined);
            assert.match(String(headers.vary), /origin/i);
          });
          await arena.attempt(`a call of ${origin}, HTTP/${version}`, async () => {
            assert.equal((await call(origin)).headers["access-control-allow-origin"], undefined);
          });
        }
        await arena.attempt(`the origin that is named, HTTP/${version}`, async () => {
          const { status, headers } = await preflight(HOME, {
            "access-control-request-headers": "x-api-key,cookie",
          });
          assert.equal(status, 204);
          assert.equal(headers["access-control-allow-origin"], HOME);
          assert.equal(headers["access-control-allow-credentials"], undefined);
          assert.doesNotMatch(String(headers["access-control-allow-headers"]), /cookie|\*/);
          assert.equal((await call(HOME)).headers["access-control-allow-origin"], HOME);
        });
        await arena.attempt(`a form of another page, HTTP/${version}`, async () => {
          for (const type of ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]) {
            const headers = { origin: "https://evil.example", "content-type": type, "x-api-key": server.key };
            // These a browser sends without asking first; none may reach a handler.
            assert.equal((await client.post({ path: PATH, headers, body: Buffer.from("{}") })).status, 415);
          }
        });
        client.close();
      }
    }
  },
};
