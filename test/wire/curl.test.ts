import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startTestApp, type TestApp } from "./app.ts";
import { envelope, envelopesIn } from "./envelope.ts";
import { curl } from "./run-curl.ts";

const userId = "00000000-0000-4000-8000-000000000001";

for (const [flag, httpVersion] of [
  ["--http1.1", "1.1"],
  ["--http2-prior-knowledge", "2"],
] as const) {
  for (const lane of ["stock", "auto"] as const)
    describe(`curl ${flag}, lane ${lane}`, () => {
      let app: TestApp;
      before(async () => {
        app = await startTestApp({ "server.lane": lane });
      });
      after(() => app.close());

      /** Posts a body to a path, with the key unless it is left out. */
      async function post(path: string, body: string | Buffer, headers: Record<string, string> = {}) {
        const all = { "content-type": "application/json", "x-api-key": app.key, ...headers };
        const answer = await curl([flag, ...headerFlags(all), "--data-binary", "@-", app.url + path], body);
        assert.equal(answer.httpVersion, httpVersion);
        return answer;
      }

      async function errorOf(path: string, body: string, headers: Record<string, string> = {}) {
        const { status, body: text } = await post(path, body, headers);
        const { code, details = [] } = JSON.parse(text.toString()) as {
          code: string;
          details?: { type: string }[];
        };
        return { status, code, details: details.map(({ type }) => type) };
      }

      it("gets JSON for JSON", async () => {
        const { status, body } = await post(
          "/rig.users.v1.UserService/GetUser",
          JSON.stringify({ id: userId }),
        );
        assert.equal(status, 200);
        assert.equal(JSON.parse(body.toString()).user.displayName, "Developer");
      });

      it("gets an answer to a GET of a method without side effects", async () => {
        const message = encodeURIComponent(JSON.stringify({ id: userId }));
        const url = `${app.url}/rig.users.v1.UserService/GetUser?connect=v1&encoding=json&message=${message}`;
        const { status, body } = await curl([flag, "-H", `x-api-key: ${app.key}`, url]);
        assert.equal(status, 200);
        assert.equal(JSON.parse(body.toString()).user.id, userId);
      });

      it("gets each error as JSON, with the HTTP status of its code", async () => {
        const path = "/rig.users.v1.UserService/GetUser";
        assert.deepEqual(await errorOf(path, '{"id":"x"}'), {
          status: 400,
          code: "invalid_argument",
          details: ["buf.validate.Violations"],
        });
        const plain = { details: [] };
        assert.deepEqual(await errorOf(path, "{"), { status: 400, code: "invalid_argument", ...plain });
        assert.deepEqual(await errorOf(path, JSON.stringify({ id: userId.replace(/1$/, "2") })), {
          status: 404,
          code: "not_found",
          ...plain,
        });
      });

      // Ten times: a refusal that is sent while curl still uploads is a race.
      for (let n = 1; n <= 10; n++) {
        it(`gets a refusal that comes before its upload has ended, ${n}`, async () => {
          const refused = await errorOf("/rig.users.v1.UserService/GetUser", "{}", { "x-api-key": "" });
          assert.deepEqual(refused, { status: 401, code: "unauthenticated", details: [] });
          const lost = await errorOf("/rig.users.v1.UserService/Nothing", "{}");
          assert.deepEqual(lost, { status: 404, code: "unimplemented", details: [] });
        });
      }

      it("gets a server stream as envelopes, the last of which says how it ended", async () => {
        const headers = { "content-type": "application/connect+json" };
        const { status, body } = await post(
          "/rig.users.v1.UserService/StreamUsers",
          envelope(Buffer.from("{}")),
          headers,
        );
        assert.equal(status, 200);
        const [first, end, ...rest] = envelopesIn(body);
        assert.equal(JSON.parse(first?.data.toString() ?? "").user.id, userId);
        assert.deepEqual([end?.flags, end?.data.toString(), rest], [2, "{}", []]);
      });

      it("uploads a client stream from a pipe", async () => {
        const line = (message: string) => envelope(Buffer.from(JSON.stringify({ entries: [{ message }] })));
        const { body } = await post(
          "/rig.logs.v1.LogService/UploadLogs",
          Buffer.concat(["a", "b"].map(line)),
          {
            "content-type": "application/connect+json",
          },
        );
        const [first] = envelopesIn(body);
        assert.deepEqual(JSON.parse(first?.data.toString() ?? ""), { logsReceived: "2" });
      });

      it("is told by /healthz and /readyz that all is well", async () => {
        for (const path of ["/healthz", "/readyz"]) {
          assert.equal((await curl([flag, app.url + path])).status, 200, path);
        }
      });
    });
}

/** A header without a value is one that is not sent. */
function headerFlags(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => [
    "-H",
    value === "" ? `${name}:` : `${name}: ${value}`,
  ]);
}
