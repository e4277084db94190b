import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type RequestLogRow, startTestApp, type TestApp } from "./app.ts";
import { buildClient } from "./go/build.ts";
import { type Scenario, type Seen, scenariosOf } from "./go/scenarios.ts";
import { go, runTool } from "./tools.ts";

const userId = "00000000-0000-4000-8000-000000000001";
const { path, skip } = go();

/** A client of the server, by the flags of the Go program. */
interface Client {
  readonly name: string;
  readonly flags: readonly string[];
  readonly protocol: "connect" | "grpc" | "grpc-web";
  readonly httpVersion: "1.1" | "2.0";
}

const clients: readonly Client[] = [
  { name: "grpc-go", flags: [], protocol: "grpc", httpVersion: "2.0" },
  { name: "grpc-go gzip", flags: ["--gzip"], protocol: "grpc", httpVersion: "2.0" },
  ...(["connect", "grpc", "grpc-web"] as const).flatMap((protocol) => [
    connectGo(protocol, "2.0"),
    connectGo(protocol, "2.0", "--gzip"),
  ]),
  connectGo("connect", "1.1"),
  connectGo("connect", "2.0", "--json"),
  connectGo("connect", "2.0", "--get"),
  connectGo("grpc-web", "1.1"),
];

function connectGo(protocol: Client["protocol"], httpVersion: Client["httpVersion"], flag?: string): Client {
  const http1 = httpVersion === "1.1" ? ["--http1"] : [];
  const rest = [...http1, ...(flag === undefined ? [] : [flag])];
  return {
    name: ["connect-go", protocol, ...rest.map((each) => each.slice(2))].join(" "),
    flags: ["--library", "connect-go", "--protocol", protocol, ...rest],
    protocol,
    httpVersion,
  };
}

describe("Go's clients do all four kinds, are refused, leave and expire", { skip }, () => {
  let folder = "";
  let program = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "runrpc-wire-go-"));
    program = await buildClient(path, folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const lane of ["auto", "stock"] as const) {
    describe(`lane ${lane}`, () => {
      let app: TestApp;
      before(async () => {
        // Every wrong key here comes from one address, which must not be slowed down.
        app = await startTestApp({ "server.lane": lane, "auth.max_failures": "100000" });
        for (const email of ["1@example.com", "2@example.com"]) await createUser(app, email);
      });
      after(() => app.close());

      for (const client of clients) {
        describe(client.name, () => {
          let lines: readonly Seen[] = [];
          before(async () => {
            lines = await runClient(program, client, app);
          });

          const scenarios = scenariosFor(client);
          for (const { rows, needsHttp2, ...expected } of scenarios) {
            it(expected.name, () => {
              const seen = lines.find(({ name }) => name === expected.name);
              assert.ok(seen !== undefined);
              assert.deepEqual(seen, { ...expected, message: expected.message ?? seen.message });
            });
          }

          it("has no other scenario", () => {
            assert.deepEqual(
              lines.map(({ name }) => name),
              scenarios.map(({ name }) => name),
            );
          });
        });
      }

      it("request_log holds each call once", async () => {
        const rows = (await app.requestLog()).filter(({ method }) => method !== "CreateUser");
        assert.deepEqual(rows.map(foundIn).sort(byId), clients.flatMap(expectedOf(app)).sort(byId));
      });

      it("a compressed message is counted as it travelled", async () => {
        for (const { requestId, bytesIn } of await app.requestLog()) {
          if (!requestId.endsWith("/large_messages")) continue;
          assert.equal(bytesIn < 10_000, requestId.includes("gzip"), `${requestId}: ${bytesIn} bytes`);
        }
      });
    });
  }
});

function scenariosFor({ name, httpVersion }: Client): readonly Scenario[] {
  return scenariosOf(name).filter(({ needsHttp2 }) => httpVersion === "2.0" || !needsHttp2);
}

async function createUser({ url, key }: TestApp, email: string): Promise<void> {
  const response = await fetch(`${url}/rig.users.v1.UserService/CreateUser`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key },
    body: JSON.stringify({ email, displayName: "somebody" }),
  });
  assert.equal(response.status, 200, await response.text());
}

async function runClient(program: string, { name, flags }: Client, { url, key }: TestApp) {
  const at = ["--name", name, "--address", new URL(url).host, "--key", key];
  const { code, stdout, stderr } = await runTool(program, ...at, ...flags);
  assert.equal(code, 0, stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Seen); // as client.go names its fields
}

/** What must be found in request_log of a client's calls. */
function expectedOf({ key }: TestApp) {
  return (client: Client) =>
    scenariosFor(client).flatMap(({ name, rows }) =>
      rows.map(([end, method, code, messagesIn, messagesOut]) => {
        const isRefused = code === "unauthenticated" || code === "unimplemented";
        return {
          requestId: `${client.name}/${name}${end}`.replaceAll(" ", "_"),
          method,
          protocol: client.protocol,
          httpVersion: client.httpVersion,
          code,
          messagesIn,
          messagesOut,
          subject: isRefused ? null : userId,
          keyId: isRefused ? null : key.slice(0, 11),
          cancelledBy: { canceled: "client", deadline_exceeded: "deadline" }[code] ?? null,
          abandoned: 0,
        };
      }),
    );
}

/** What a client can foretell of a row. */
function foundIn(row: RequestLogRow) {
  const { requestId, method, protocol, httpVersion, messagesIn, messagesOut, subject, keyId, abandoned } =
    row;
  // The client's timer and the server's run side by side, so either may end this call.
  const isExpired = requestId.endsWith("/expired") && row.code === "canceled" && row.cancelledBy === "client";
  const { code, cancelledBy } = isExpired ? { code: "deadline_exceeded", cancelledBy: "deadline" } : row;
  return {
    requestId,
    method,
    protocol,
    httpVersion,
    code,
    messagesIn,
    messagesOut,
    subject,
    keyId,
    cancelledBy,
    abandoned,
  };
}

function byId(a: { readonly requestId: string }, b: { readonly requestId: string }): number {
  return a.requestId < b.requestId ? -1 : 1;
}
